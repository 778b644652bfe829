"""A document of nested mappings read with all its faults: a fault is a value that carries the path
of what is wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules import money, times

if TYPE_CHECKING:
    from collections.abc import Sequence

Path = tuple[str | int, ...]

MISSING = object()
CODE = re.compile(r"[^\s@/\\,;:'\"]+")
PERCENT = re.compile(r"(\d{1,4}(?:\.\d{1,2})?)\s*%?")
ANY_ZONE = "UTC"


class Fault(NamedTuple):
    """One fault of a document. `path` leads to the value (or to the key that is unknown); `text`
    and `suggestion` are English templates filled from `params`.
    """

    path: Path
    code: str
    text: str
    suggestion: str = ""
    params: dict[str, Any] = {}  # noqa: RUF012 # never changed


@dataclass(frozen=True)
class Name:
    """A name in both languages."""

    zh: str
    en: str


class Node(NamedTuple):
    """One value of the document, its path, and the one list where all faults of the document
    gather.

    A reader (`text`, `yuan` ...) of a missing node gives the default; of a faulty node it notes the
    fault and gives the default.
    """

    value: Any
    path: Path
    faults: list[Fault]

    @property
    def is_missing(self) -> bool:
        """True when the key was not written (a key without a value counts as not written)."""
        return self.value is MISSING or self.value is None

    def fault(self, code: str, text: str, hint: str = "", /, **params: Any) -> None:
        """Note one fault at this node; `offending` is always what was written."""
        offending = "" if self.is_missing else _written(self.value)
        self.faults.append(Fault(self.path, code, text, hint, {"offending": offending, **params}))

    def _wrong_type(self, wanted: str, suggestion: str = "") -> None:
        self.fault(
            "wrong_type",
            "{offending} stands here, but {wanted} is needed",
            suggestion,
            wanted=wanted,
        )

    def fields(self, known: Sequence[str], required: Sequence[str] = ()) -> dict[str, Node]:
        """A mapping with these keys and no others; keys that are not there give missing nodes. A
        key that an unknown one was probably meant to be is not called missing too.
        """
        found = self._mapping()
        free = [name for name in known if name not in found]
        meant = {self._unknown(str(key), free) for key in found if key not in known}
        if isinstance(self.value, dict) or self.path == ():
            for key in required:
                if found.get(key) is None and key not in meant:
                    self.faults.append(
                        Fault(
                            self.path,
                            "missing_key",
                            "the key {offending} is missing here",
                            params={"offending": key},
                        )
                    )
        return {key: Node(found.get(key, MISSING), (*self.path, key), self.faults) for key in known}

    def entries(self) -> list[tuple[str, Node]]:
        """A mapping whose keys are the writer's own names, in the order written."""
        return [
            (str(key), Node(value, (*self.path, key), self.faults))
            for key, value in self._mapping().items()
        ]

    def items(self) -> list[Node]:
        """The items of a list."""
        if self.is_missing:
            return []
        if not isinstance(self.value, list):
            self._wrong_type("a list", "write [{offending}]")
            return []
        return [
            Node(value, (*self.path, number), self.faults)
            for number, value in enumerate(self.value)
        ]

    def text(self, default: str = "") -> str:
        """A text that is not blank; a whole number without quotes is taken as its digits."""
        if self.is_missing:
            return default
        text = (
            str(self.value).strip()
            if isinstance(self.value, str | int) and not isinstance(self.value, bool)
            else ""
        )
        if not text:
            self._wrong_type(
                "a text", 'put it in quotes: "{offending}"' if isinstance(self.value, bool) else ""
            )
        return text or default

    def code(self) -> str:
        """A short name without blanks, @ or /."""
        text = self.text()
        if text and not CODE.fullmatch(text):
            self.fault(
                "bad_code",
                "{offending} cannot be a short name",
                "write it without blanks and without @ / , ; :",
            )
        return text

    def codes(self) -> tuple[str, ...]:
        """A list of short names or numbers, each once."""
        found: list[str] = []
        for item in self.items():
            text = item.text()
            if text in found:
                item.fault("named_twice", "{offending} is there twice", "leave one out")
            found.append(text)
        return tuple(found)

    def whole(self, default: int = 0, least: int = 1) -> int:
        """A whole number, at least `least`."""
        if self.is_missing:
            return default
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < least:
            self.fault(
                "bad_number", "{offending} is not a whole number from {least} on", least=least
            )
            return default
        return self.value

    def yes(self, default: bool = False) -> bool:
        """true or false."""
        if self.is_missing:
            return default
        if not isinstance(self.value, bool):
            self._wrong_type("true or false")
            return default
        return self.value

    def choice(self, choices: Sequence[str], default: str) -> str:
        """One of our words."""
        if self.is_missing:
            return default
        if self.value not in choices:
            near = get_close_matches(_written(self.value), choices, 1, 0.5)
            self.fault(
                "not_a_choice",
                "{offending} is not one of the words that may stand here",
                "did you mean {suggestion}?" if near else "what may stand here: {known}",
                suggestion=near[0] if near else "",
                known=", ".join(choices),
            )
            return default
        return str(self.value)

    def yuan(self, default: int | None = 0) -> int | None:
        """An amount in yuan, as fen; not negative."""
        if self.is_missing:
            return default
        try:
            if isinstance(self.value, bool) or not isinstance(self.value, str | int):
                raise ValueError
            fen = money.parse_yuan(str(self.value))
        except ValueError:
            self.fault(
                "bad_amount",
                "{offending} is not an amount in yuan",
                'write it in quotes with at most two decimals, like "1234.50"',
            )
            return default
        if fen < 0:
            self.fault("bad_amount", "{offending} is below nothing", "write an amount from 0 on")
            return default
        return fen

    def percent(self) -> int:
        """A percentage as basis points, more than nothing: "100%" -> 10000, "12.5" -> 1250."""
        if self.is_missing:
            return 0
        from decimal import Decimal  # not for a report, which reads what was published

        found = None if isinstance(self.value, bool) else PERCENT.fullmatch(str(self.value).strip())
        if not found or not isinstance(self.value, str | int) or Decimal(found[1]) <= 0:
            self.fault(
                "bad_percent",
                "{offending} is not a percentage",
                'write it like "12.5%", with at most two decimals',
            )
            return 0
        return int(Decimal(found[1]) * 100)

    def moment(self, zone: str = ANY_ZONE) -> int | None:
        """A written time as UTC seconds, read in `zone`."""
        if self.is_missing:
            return None
        try:
            return times.parse(_written(self.value), zone)
        except ValueError:
            self.fault("bad_time", "{offending} is not a time", 'write it like "2020-03-27 08:00"')
            return None

    def name(self, default: str = "") -> Name:
        """{zh: ..., en: ...}; one language stands in for the other."""
        both = self.fields(("zh", "en"))
        zh, en = both["zh"].text(), both["en"].text()
        return Name(zh or en or default, en or zh or default)

    def _mapping(self) -> dict[Any, Any]:
        if self.is_missing:
            return {}
        if not isinstance(self.value, dict):
            self._wrong_type("a mapping")
            return {}
        return self.value

    def _unknown(self, key: str, free: Sequence[str]) -> str:
        """Note an unknown key; gives the key it was probably meant to be, or ''."""
        near = get_close_matches(key, free, 1, 0.6)
        self.faults.append(
            Fault(
                (*self.path, key),
                "unknown_key",
                "there is no key {offending} here",
                "did you mean {suggestion}?" if near else "what may stand here: {known}",
                {"offending": key, "suggestion": near[0] if near else "", "known": ", ".join(free)},
            )
        )
        return near[0] if near else ""


def root(document: Any) -> Node:
    """The document itself, with no fault yet."""
    return Node(document, (), [])


def _written(value: Any) -> str:
    """A value roughly as it was written, short enough for a message."""
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
