"""Texts that a spreadsheet would run as a formula."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def disarm(text: str) -> str:
    """A text that a spreadsheet would run as a formula (= + - @, also of full width, TAB, CR, LF),
    made harmless with a leading quote mark.
    """
    return "'" + text if text[:1] in FORMULA else text
