"""The same tables by columns, for large files: blocks of lines as frames of text. Only where polars
is installed.
"""
