"""Word lists, one entry a line."""
