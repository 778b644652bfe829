"""Cells on their way in and out."""

from __future__ import annotations


def disarmed(text: str) -> str:
    """A text that a spreadsheet would run as a formula (= + - @ TAB CR), made harmless with a leading quote mark."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
