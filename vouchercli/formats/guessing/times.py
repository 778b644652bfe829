"""In which form the times of a column are written, where their own look does not say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.formats.configs.time_forms import compiled
from vouchercli.formats.tables import written_times

if TYPE_CHECKING:
    from collections.abc import Sequence

DATES = tuple(
    mark.join(parts)
    for mark in ("/", "-", ".", "")
    for parts in (("%d", "%m", "%Y"), ("%m", "%d", "%Y"), ("%d", "%m", "%y"), ("%m", "%d", "%y"))
)
CLOCKS = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p", " %p %I:%M:%S", " %p %I:%M")
FORMS = (*(date + clock for date in DATES for clock in CLOCKS), "%s")


def forms_of(texts: Sequence[str]) -> list[str]:
    """The forms that all of these times are written in; [] when every one has but one reading."""
    if all(_is_clear(text) for text in texts):
        return []
    return [form for form in FORMS if all(_is_written(text, form) for text in texts)]


def _is_clear(text: str) -> bool:
    try:
        return written_times.YEAR_FIRST.match(written_times.as_iso(text)) is not None
    except written_times.UnreadableTime:
        return False


def _is_written(text: str, form: str) -> bool:
    match = compiled(form).fullmatch(text)
    return match is not None and bool(written_times.by_form(match))
