"""The telephone put together: calls in the database, the bot in the conversation, agents on their telephones."""
