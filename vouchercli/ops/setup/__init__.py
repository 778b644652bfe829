"""What stands before any round: the file, programmes, templates, staff and merchants. It knows no
round.
"""
