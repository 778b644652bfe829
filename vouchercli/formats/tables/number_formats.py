"""Number formats of sheets: whole numbers as codes (000123, HZ0001), dates as months."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Zeros:
    """A number format that shows whole numbers as a code: texts between the places of digits, from
    the left; `least` digits are shown.
    """

    before: tuple[str, ...]  # of each place
    least: int

    def show(self, digits: str) -> str:
        """The digits of a number under this format."""
        shown = digits.zfill(self.least)
        extra = len(shown) - len(self.before)
        places = [shown[: extra + 1], *shown[extra + 1 :]] if extra >= 0 else [*shown]
        texts = self.before[len(self.before) - len(places) :]
        first = "".join(self.before[: len(self.before) - len(places)]) if extra < 0 else ""
        return first + "".join(text + place for text, place in zip(texts, places, strict=True))


MONTH = "yyyy-mm"  # what is shown of a cell is the month of its date
MONTH_YEAR = 17  # the number of mmm-yy, which files do not write out
NO_LETTERS = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|[^A-Za-z]')


@dataclass(frozen=True)
class Months:
    """A number format that shows a date as its month, without its day: yyyy-mm, yyyy"年"m"月"."""

    def show(self, digits: str) -> str:
        """That it does; which month it is, the reader of the date knows."""
        return MONTH if digits else ""


def shown_by(code: str) -> Zeros | Months | None:
    """What a number format shows that its reader does not tell."""
    letters = set(NO_LETTERS.sub("", _first_section(code)).lower())
    return Months() if letters == {"y", "m"} else zeros_of(code)


def month_text(moment: str) -> str:
    """A date whose day is not shown: of the 1st the month. Any other day was hidden, not left out:
    it is given with its hour, which no period has and every time may have.
    """
    try:
        day = date.fromisoformat(moment.removesuffix(" 00:00:00"))
    except ValueError:
        return moment
    return f"{day:%Y-%m}" if day.day == 1 else f"{day} 0:00"


def zeros_of(code: str) -> Zeros | None:
    """The format `000000`, `"HZ"0000` or `000-0000-0000`; None for every other: amounts, dates,
    General, what stands behind the digits.
    """
    section, text, least, is_clear = _first_section(code), "", 0, True
    before: list[str] = []
    at = 0
    while at < len(section):
        sign = section[at]
        if sign == '"':
            end = section.find('"', at + 1)
            end = len(section) if end < 0 else end
            text, at = text + section[at + 1 : end], end
        elif sign == "\\":
            text, at = text + section[at + 1 : at + 2], at + 1
        elif sign == "[":  # a colour or a language
            at = max(section.find("]", at), at)
        elif sign in "0#?":
            before, text = [*before, text], ""
            least += sign == "0" or least > 0
        elif sign in "- ()/:":
            text += sign
        else:
            is_clear = False
        at += 1
    is_code = least > 1 or (least == 1 and any(before))
    is_money = any(each in "".join(before) for each in "¥￥$€£")
    if not (is_clear and is_code and not text and not is_money):
        return None
    return Zeros(tuple(before), least)


def _first_section(code: str) -> str:
    """The part of a format for positive numbers."""
    is_quoted = False
    for at, sign in enumerate(code):
        is_quoted ^= sign == '"'
        if sign == ";" and not is_quoted and code[at - 1 : at] != "\\":
            return code[:at]
    return code
