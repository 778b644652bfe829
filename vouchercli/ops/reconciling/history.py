"""What is done to breaks stands in the log: one line an action, however many breaks it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.rules import breaks as law
from vouchercli.store import audit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.session import Session


def note(session: Session, deed: str, numbers: Iterable[int], **about: Any) -> None:
    """Write the line: of one break its number, of several the spans of theirs. Each of them is
    found by it.
    """
    spans = law.spans(numbers)
    first, last = spans[0][0], spans[-1][1]
    which = {"break": first} if first == last else {"breaks": spans}
    audit.note(session, deed, law.named(spans), **which, **about)
