"""SHAPES of outside files, in and out. No rules, no SQL."""
