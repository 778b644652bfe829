"""A profile guessed from a file: what its columns are called, what their values look like, which of
our fields they may be. It knows the fields and the profiles, no rules and no database.
"""
