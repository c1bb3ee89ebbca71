"""Composition root, dialogue and command line."""
