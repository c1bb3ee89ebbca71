"""What can be learnt from the company's own past: each answer with its interval, its back-test and its minimum."""
