"""The web console and the public chat page."""
