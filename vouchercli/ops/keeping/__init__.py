"""Keep the file: copies of it that are proved, and their way back. It decides nothing about rounds
or money.
"""
