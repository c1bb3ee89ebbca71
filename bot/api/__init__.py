"""The API for programs, under /api/v1: the same functions and the same permissions as the desk."""
