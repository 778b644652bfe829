"""MEMORY: SQLite, and the only SQL of the project."""
