"""The systems that companies run: one file each, all behind the port."""
