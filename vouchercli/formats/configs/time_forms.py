"""How a profile says that times are written: `%d/%m/%Y %H:%M`, with the signs that most programs
share. Stricter than they are: 1015 is never read as 10:01:05.
"""

from __future__ import annotations

import re
from functools import lru_cache

MORNING, AFTERNOON = "上午 凌晨 早上 午前 오전 am a.m. a.m", "下午 晚上 午後 오후 pm p.m. p.m"
HALVES = dict.fromkeys(MORNING.split(), False) | dict.fromkeys(AFTERNOON.split(), True)
HALF = "|".join(re.escape(word) for word in sorted(HALVES, key=len, reverse=True))
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
MONTH = f"(?:{'|'.join(MONTHS)})[a-z]*"
# the name of a weekday, beside a date that says it already: 星期六, (土), 토요일, Sat
WEEKDAY = (
    r"[(（]?(?:(?:星期|周|礼拜)[一二三四五六日天]|[月火水木金土日](?:曜日?)?|[월화수목금토일](?:요일)?"
    r"|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?)[)）]?"
)
OFFSET = r"Z|UTC|GMT|(?:UTC|GMT)?[+-]\d\d?(?::?\d\d)?"

PIECES = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d\d)",
    "b": rf"(?P<b>{MONTH})\.?",
    "B": rf"(?P<b>{MONTH})\.?",
    "a": rf"(?:{WEEKDAY})",
    "A": rf"(?:{WEEKDAY})",
    "p": rf"(?P<p>{HALF})",
    "z": rf"(?P<z>{OFFSET})",
    "f": r"\d{1,9}",
    "s": r"(?P<s>\d{10})(?:\d{3}|\.\d+)?",
    "%": "%",
}
NUMBERS = "mdHIMS"
SHORT = {"%-": "%", "%e": "%d", "%T": "%H:%M:%S", "%R": "%H:%M", "%F": "%Y-%m-%d"}
PART = re.compile(r"%(.)|(\s+)|([^%\s]+)", re.DOTALL)


def _in_full(form: str) -> str:
    for short, full in SHORT.items():
        form = form.replace(short, full)
    return form


def form_fault(form: str) -> bool:
    """Whether it cannot be a form of time: an unknown sign, one that stands twice, or no date."""
    form = _in_full(form)
    given = [match[1] for match in PART.finditer(form) if match[1] and match[1] != "%"]
    if len(given) > len({*given}):
        return True
    signs = {match[1] for match in PART.finditer(form) if match[1]}
    has_date = signs >= {"d"} and signs & set("mbB") and signs & set("Yy")
    return bool(signs - set(PIECES) - set(NUMBERS)) or not (has_date or "s" in signs)


@lru_cache(maxsize=64)
def compiled(form: str) -> re.Pattern[str]:
    """The pattern of a form. Numbers beside one another have two digits each; others may lack the
    zero.
    """
    parts = list(PART.finditer(_in_full(form)))
    pattern = ""
    for place, part in enumerate(parts):
        sign = part[1]
        if sign in PIECES:
            pattern += PIECES[sign]
        elif sign:
            beside = [parts[at][1] for at in (place - 1, place + 1) if 0 <= at < len(parts)]
            is_close = any(each and (each in NUMBERS or each in "Yyf") for each in beside)
            pattern += rf"(?P<{sign}>{chr(92)}d{'{2}' if is_close else '{1,2}'})"
        else:
            pattern += r"\s+" if part[2] else re.escape(part[3])
    return re.compile(pattern, re.IGNORECASE)
