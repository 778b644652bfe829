"""A document of nested mappings, as YAML or JSON gives it. Reading it is checking it: every fault
is noted with the path of what is wrong, and all are known at once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from vouchercli.errors import closest
from vouchercli.result import Problem, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence, Sized
    from typing import Self

Path = tuple[str | int, ...]  # the keys and list positions that lead to a value

Default = TypeVar("Default", str, None)

MISSING = object()
# A code names files and folders: it is never `..`, and never read as an option or a formula.
CODE = re.compile(
    r"(?![.\-=+])[^\s@/\\,;:'\"\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+"
)


class Fault(NamedTuple):
    """One fault of a document. `path` leads to the value (with `at_key`: to its key); `text` and
    `suggestion` are English templates filled from `params`.
    """

    path: Path
    code: str
    text: str
    suggestion: str = ""
    params: dict[str, Any] = {}  # noqa: RUF012 # never changed
    at_key: bool = False

    def problem(self, where: str = "", level: Literal["error", "warning"] = "error") -> Problem:
        """The fault as a problem at `where`."""
        return Problem(self.code, self.text, where, self.suggestion, level, self.params)


class Node:
    """One value of the document, its path, and the one list where all faults of the document
    gather.

    A reader (`text`, `whole` ...) of a missing node gives the default; of a faulty node it notes
    the fault and gives the default. A key or list entry without a value is a fault, and counts as
    missing.
    """

    blank_is_fault = True

    def __init__(self, value: Any, path: Path = (), faults: list[Fault] | None = None) -> None:
        self.value: Any = MISSING if value is None else value
        self.path = path
        self.faults: list[Fault] = [] if faults is None else faults

    @property
    def is_missing(self) -> bool:
        """True when nothing was written."""
        return self.value is MISSING

    @property
    def scalar(self) -> str | None:
        """The text or the whole number that is written here, as text; None for anything else."""
        is_scalar = isinstance(self.value, str | int) and not isinstance(self.value, bool)
        return str(self.value) if is_scalar else None

    def fault(
        self, code: str, text: str, hint: str = "", /, *, at_key: bool = False, **params: Any
    ) -> None:
        """Note one fault at this node (with `at_key`: at its key); `offending` is what was written
        there.
        """
        params.setdefault("offending", "" if self.is_missing else written(self.value))
        self.faults.append(Fault(self.path, code, text, hint, params, at_key))

    def unlike(self, code: str, text: str, known: Iterable[str], /, **params: Any) -> str:
        """Note that the value here (`offending`, else as written) is none of the `known` words;
        gives the one it was probably meant to be, or ''.
        """
        words = list(known)
        near = self.near(params.get("offending", written(self.value)), words)
        self.fault(
            code,
            text,
            "did you mean {suggestion}?" if near else "allowed here: {known}",
            suggestion=near,
            known=", ".join(words),
            **params,
        )
        return near

    def near(self, offending: str, known: Iterable[str]) -> str:
        """The word that was probably meant; '' when none is near."""
        return closest(offending, known)

    def fields(self, known: Sequence[str], required: Sequence[str] = ()) -> dict[str, Self]:
        """A mapping with these keys and no others; keys that are not there give missing nodes. A
        key that an unknown one was probably meant to be is not called missing too.
        """
        given = self._mapping(known[0])
        free = [key for key in known if key not in given]
        meant = {self.unknown_key(key, free or known) for key in given if key not in known}
        absent = MISSING if self.blank_is_fault else None
        if isinstance(self.value, dict) or (self.is_missing and not self.path):
            for key in required:
                if given.get(key, absent) is absent and key not in meant:
                    self.fault("missing_key", "the key {offending} is missing here", offending=key)
        return {key: self._part(key, given.get(key, MISSING)) for key in known}

    def unknown_key(self, key: str, known: Iterable[str]) -> str:
        """Note that this key of the mapping is none of the `known`; gives the one it was probably
        meant to be, or ''.
        """
        return self._part(key, MISSING).unlike(
            "unknown_key", "there is no key {offending} here", known, offending=key, at_key=True
        )

    def entries(self, least: int = 0) -> list[tuple[str, Self]]:
        """A mapping whose keys are the writer's own names, in the order written."""
        given = self._mapping()
        self._refuse_fewer(given, least)
        return [(key, self._part(key, value)) for key, value in given.items()]

    def items(self, least: int = 0) -> list[Self]:
        """The items of a list."""
        if self.is_missing:
            return []
        if not isinstance(self.value, list):
            self._wrong_type(
                "a list", "" if isinstance(self.value, dict) else "write [{offending}]"
            )
            return []
        self._refuse_fewer(self.value, least)
        return [self._part(number, value) for number, value in enumerate(self.value)]

    def verbatim(self, default: Default) -> str | Default:
        """A text exactly as it is written, also a blank one; a whole number without quotes is taken
        as its digits.
        """
        if self.scalar is not None:
            return self.scalar
        if not self.is_missing:
            self._wrong_type(
                "a text", 'put it in quotes: "{offending}"' if isinstance(self.value, bool) else ""
            )
        return default

    def text(self, default: str = "") -> str:
        """A text that is not blank, without the blanks around it."""
        text = self.verbatim("").strip()
        if not text and isinstance(self.value, str):
            self._blank()
        return text or default

    def form(self, pattern: str, example: str) -> str:
        """A text that `pattern` matches from its beginning to its end."""
        text = self.text()
        if text and not re.fullmatch(pattern, text):
            self.fault(
                "wrong_form",
                "{offending} is not written as it must be",
                "write it like {example}",
                example=example,
            )
            return ""
        return text

    def code(self) -> str:
        """A short name without blanks, @ or /."""
        text = self.text()
        if text and not CODE.fullmatch(text):
            self.bad_code(text)
        return text

    def bad_code(self, offending: str) -> None:
        """Note that a name is no short name."""
        self.fault(
            "bad_code",
            "{offending} cannot be a short name",
            "write it without blanks and without @ / , ; : and begin it with a letter or a digit",
            offending=offending,
        )

    def texts(self, least: int = 0) -> tuple[str, ...]:
        """A list of texts that are not blank."""
        return tuple(item.text() for item in self.items(least))

    def codes(self) -> tuple[str, ...]:
        """A list of short names or numbers, each once."""
        texts: list[str] = []
        for item in self.items():
            text = item.text()
            if text in texts:
                item.fault("named_twice", "{offending} is given twice", "leave one out")
            texts.append(text)
        return tuple(texts)

    def whole(self, default: int = 0, least: int = 1) -> int:
        """A whole number, at least `least`."""
        if self.is_missing:
            return default
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < least:
            self.fault(
                "bad_number", "{offending} must be a whole number of at least {least}", least=least
            )
            return default
        return self.value

    def yes(self, default: bool = False) -> bool:
        """true or false."""
        if isinstance(self.value, bool):
            return self.value
        if not self.is_missing:
            self._wrong_type("true or false")
        return default

    def choice(self, choices: Iterable[str], default: str = "") -> str:
        """One of our words."""
        if self.is_missing:
            return default
        if self.value in tuple(choices):
            return str(self.value)
        self.unlike("not_a_choice", "{offending} is not allowed here", choices)
        return default

    def _part(self, key: str | int, value: Any) -> Self:
        part = type(self)(value, (*self.path, key), self.faults)
        if value is None and self.blank_is_fault:
            part._blank()
        return part

    def _mapping(self, key: str = "") -> dict[str, Any]:
        if isinstance(self.value, dict):
            return self.value
        if not self.is_missing:
            example = "write it like {{{key}: {offending}}}"
            if not key:
                example = "write it like {{{offending}: VALUE}}"
            self._wrong_type("a mapping", "" if self.scalar is None else example, key=key)
        return {}

    def _refuse_fewer(self, given: Sized, least: int) -> None:
        if len(given) < least and not self.is_missing:
            self.fault("too_few", "at least {least} entries are needed", least=least)

    def _wrong_type(self, wanted: str, hint: str = "", **params: Any) -> None:
        self.fault(
            "wrong_type",
            "{offending} must be {wanted}",
            hint,
            wanted=Word(wanted),
            **params,
        )

    def _blank(self) -> None:
        self.fault("wrong_type", "no value is given", "write a value, or leave it out")


def written(value: Any) -> str:
    """A value roughly as it was written, short enough for a message."""
    if isinstance(value, list | dict):
        return Word("a list") if isinstance(value, list) else Word("a mapping")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
