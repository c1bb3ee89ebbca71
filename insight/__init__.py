"""Figures computed from the event log."""
