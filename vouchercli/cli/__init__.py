"""WORDS: parse, call one operation, show what it returned."""
