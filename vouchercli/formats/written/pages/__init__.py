"""An answer on paper: as a page, a text or a workbook. Each form takes a `Page`, whose words
are already in the reader's language; a form loads its library only when it is asked for.
"""
