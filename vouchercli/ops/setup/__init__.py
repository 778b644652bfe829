"""What is set up before any round: the file, programmes, templates, staff and merchants. It does
not use rounds.
"""
