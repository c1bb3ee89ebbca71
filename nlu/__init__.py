"""Text in, language, intent and entities out."""
