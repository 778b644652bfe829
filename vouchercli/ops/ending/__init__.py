"""The end: rounds are settled, programmes are closed, and what is left goes back. It looks at all
that may be open still; nothing that goes on is done here.
"""
