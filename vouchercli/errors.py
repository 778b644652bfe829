"""Every exception of the program and its exit code.

Three kinds of wrong: a `Problem` is bad data (a value, see result.py); a `VoucherError` is a
refusal, raised with a way out and caught once in `cli.main`; anything else is a bug and is never
hidden.

Exit codes: 0 done or nothing to do; 1 bug; 2 usage; 3 refused, nothing changed; 4 done in part,
rejects kept; 5 a check failed; 75 busy, run again; 130 interrupted.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from vouchercli import identities
from vouchercli.result import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class VoucherError(Exception):
    """A refusal: nothing was changed.

    `code` is a stable snake-case name (docs/errors.md lists every one); `text` and `hint` are
    English templates in `str.format` syntax filled from `params` (the Chinese text is found by the
    template); `where` is `file:line:column` or `file:line`; `problems` are the single faults when
    the refusal gathers many (a YAML file, a bad layout). Values that hold a person's identity lose
    it.
    """

    exit_code = 3

    def __init__(
        self,
        code: str,
        text: str,
        /,
        *,
        hint: str = "",
        where: str = "",
        problems: Sequence[Problem] = (),
        **params: Any,
    ) -> None:
        params = identities.hide_values(params)
        super().__init__(text.format(**params) if params else text)
        self.code = code
        self.text = text
        self.hint = hint
        self.where = identities.hide(where)
        self.problems = tuple(problems)
        self.params = params

    def __reduce__(self) -> tuple[Any, ...]:
        """How it passes from one process to another."""
        return _rebuild, (
            type(self),
            self.code,
            self.text,
            {"hint": self.hint, "where": self.where, "problems": self.problems},
            self.params,
        )

    def as_problems(self, where: str = "") -> tuple[Problem, ...]:
        """The refusal as a problem, at `where` when it names no place, and its faults."""
        where = self.where or where
        own = Problem(self.code, self.text, where, self.hint, "error", self.params)
        return (own, *self.problems)


class UsageFault(VoucherError):
    """The words of the command line do not fit."""

    exit_code = 2


class Stopped(VoucherError):
    """Long work that was asked to stop has stopped where it can go on."""

    exit_code = 130


class Declined(VoucherError):
    """Whoever was asked said no."""

    exit_code = 130


class Busy(VoucherError):
    """Another process holds the file: run the same command again."""

    exit_code = 75


def _rebuild(
    kind: type[VoucherError], code: str, text: str, about: dict[str, Any], params: dict[str, Any]
) -> VoucherError:
    return kind(code, text, **about, **params)


def closest(offending: str, known: Iterable[str]) -> str:
    """The known word most like `offending`, whatever its case; '' when none is near."""
    folded = {word.casefold(): word for word in known}
    near = get_close_matches(offending.casefold(), folded, 1)
    return folded[near[0]] if near else ""
