"""Texts that a spreadsheet would run as a formula."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def disarm(text: str) -> str:
    """A text that a spreadsheet would run as a formula (= + - @ TAB CR), made harmless with a
    leading quote mark.
    """
    return "'" + text if text[:1] in FORMULA else text
