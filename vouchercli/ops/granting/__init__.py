"""Packs become claims here: by arrival, by a list, one by one at the counter. It knows no lottery
and no file.
"""
