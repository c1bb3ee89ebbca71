"""One file per channel: provider payload in, provider call out."""
