"""Tables that others send, row by row: opened, decoded, headers found, cells read. It does not use
data frames.
"""
