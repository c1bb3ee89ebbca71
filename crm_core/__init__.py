"""The domain, and the only owner of the database."""
