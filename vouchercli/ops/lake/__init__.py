"""The lake: what cities give to a province, as files, and reports on it. Nothing here writes to a
city's database.
"""
