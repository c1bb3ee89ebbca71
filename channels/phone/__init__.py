"""The telephone: one voice session, carried by whoever carries calls."""
