"""Packs become claims here: by arrival, by a list, one by one at the counter. The lottery and
files are elsewhere.
"""
