"""What the law reads in a programme's or template's document: amounts, percentages, times, names in
both languages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vouchercli import documents
from vouchercli.rules import later, money, times
from vouchercli.slips import slip_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.documents import Fault, Path

PERCENT = re.compile(r"\s*(\d{1,4})(?:\.(\d{1,2}))?\s*%?\s*")
ANY_ZONE = "UTC"


@dataclass(frozen=True)
class Name:
    """A name in both languages."""

    zh: str
    en: str


class Node(documents.Node):
    """One value of a programme or a template. A key without a value counts as not written."""

    blank_is_fault = False

    def near(self, offending: str, known: Iterable[str]) -> str:
        """The word of which this is a slip of letters: another word of the law is never offered as
        if it meant the same.
        """
        return slip_of(offending, known)

    def unknown_key(self, key: str, known: Iterable[str]) -> str:
        """As for any document; a clause that the program does not do is named in words."""
        if clauses := [*later.of_key(key, self.value[key])]:
            self._name(clauses, (*self.path, key), at_key=True)
            return ""
        meant = super().unknown_key(key, known)
        if not meant:
            self.faults[-1] = self.faults[-1]._replace(suggestion=later.UNKNOWN)
        return meant

    def choice(self, choices: Iterable[str], default: str = "") -> str:
        """As for any document; a clause that the program does not do is named in words."""
        known = tuple(choices)
        clause = later.of_word(str(self.path[-1]), self.scalar) if self.path else None
        if clause is None or self.is_missing or self.value in known:
            return super().choice(known, default)
        self._name([clause], self.path)
        return default

    def _name(self, clauses: Iterable[Fault], path: Path, *, at_key: bool = False) -> None:
        told = {"offending": str(path[-1])}
        self.faults += [
            clause._replace(path=path, at_key=at_key, params=told) for clause in clauses
        ]

    def yuan(self, default: int | None = 0) -> int | None:
        """An amount in yuan, as fen; not negative."""
        if self.is_missing:
            return default
        try:
            fen = money.parse_yuan(self.scalar or "")
        except ValueError:
            self.fault(
                "bad_amount",
                "{offending} is not an amount in yuan",
                'write it in quotes with at most two decimals, like "1234.50"',
            )
            return default
        if fen < 0:
            self.fault(
                "bad_amount", "{offending} must not be negative", "write an amount of 0 or more"
            )
            return default
        return fen

    def percent(self) -> int:
        """A percentage as basis points, more than nothing: "100%" -> 10000, "12.5" -> 1250."""
        if self.is_missing:
            return 0
        parts = PERCENT.fullmatch(self.scalar or "")
        bp = int(f"{parts[1]}{parts[2] or '':0<2}") if parts else 0
        if not bp:
            self.fault(
                "bad_percent",
                "{offending} is not a percentage",
                'write it like "12.5%", with at most two decimals',
            )
        return bp

    def moment(self, zone: str = ANY_ZONE, *, end_of_day: bool = False) -> int | None:
        """A written time as UTC seconds, read in `zone`; with `end_of_day` a bare date is its
        end.
        """
        if self.is_missing:
            return None
        try:
            return times.parse(documents.written(self.value), zone, end_of_day=end_of_day)
        except ValueError:
            why = times.why_no_time(documents.written(self.value))
            self.fault(
                "bad_time",
                "{offending} is no time: {why}" if why else "{offending} cannot be read as a time",
                'write it like "2020-03-27 08:00"',
                why=why,
            )
            return None

    def end(self) -> str | None:
        """A written time that means an end, to its second; of a bare date the end of that day."""
        is_time = self.moment(end_of_day=True) is not None
        return times.end_text(documents.written(self.value)) if is_time else None

    def name(self, default: str = "") -> Name:
        """{zh: ..., en: ...}; one language stands in for the other, and so does a text alone."""
        if self.scalar is not None:
            alone = self.text() or default
            return Name(alone, alone)
        both = self.fields(("zh", "en"))
        zh, en = both["zh"].text(), both["en"].text()
        return Name(zh or en or default, en or zh or default)
