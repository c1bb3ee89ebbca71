"""Speed, memory and accuracy, measured; see docs/benchmarks.md for the convention."""
