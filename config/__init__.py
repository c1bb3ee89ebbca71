"""Settings, logging and the files a business edits."""
