"""Proposals: whatever needs a second person, with what was said on it. Nothing is ever removed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules.staff import Hand
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.session import Session

ROUND, PROGRAMME, REGISTRY, LIST = "round", "programme", "registry", "list"
APPROVAL = "approval"  # of a round that was submitted; every other kind on a round is an amendment


class Subject(NamedTuple):
    """What is proposed on: `round`, `programme`, `registry` or `list`, and its key (of the last
    two: the batch of the file).
    """

    subject: str
    subject_id: int


class Proposal(NamedTuple):
    """A change of a subject, `before` and `after`; `amount_fen` is at stake, `evidence` the file
    that it rests on. proposed, effective, declined or void; times in UTC seconds.
    """

    proposal: int
    subject: str
    subject_id: int
    kind: str
    state: str
    before: dict[str, Any]
    after: dict[str, Any]
    amount_fen: int
    note: str
    evidence: str
    proposed_by: str
    os_user: str
    proposed_at: int
    ended_at: int | None

    @property
    def author(self) -> Hand:
        """Who proposed it."""
        return Hand(self.proposed_by, self.os_user)


class Verdict(NamedTuple):
    """`approve` or `reject`, by whom, under which login, when (UTC seconds)."""

    verdict: str
    actor: str
    os_user: str
    note: str
    at: int


ADD = """
INSERT INTO proposals (subject, subject_id, kind, state, before, after, amount_fen, note, evidence,
    proposed_by, os_user, proposed_at, ended_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING proposal_id
"""
ALL = f"SELECT {', '.join(Proposal._fields)} FROM proposals".replace(
    "proposal,", "proposal_id AS proposal,", 1
)
HISTORY = f"{ALL} WHERE subject = ? AND subject_id = ? ORDER BY proposal_id"
WAITING = f"{ALL} WHERE subject = ? AND subject_id = ? AND state = 'proposed'"
ALL_WAITING = f"{ALL} WHERE state = 'proposed' ORDER BY proposed_at, proposal_id"
END = """
UPDATE proposals SET state = ?, before = ?, after = ?, ended_at = ? WHERE proposal_id = ?
"""
VOID = """
UPDATE proposals SET state = :state, ended_at = :at
WHERE subject = :subject AND subject_id = :subject_id AND state = 'proposed'
    AND (NOT :only_opening OR json_extract(after, '$.opens_at') IS NOT NULL)
"""
ADD_VERDICT = """
INSERT INTO verdicts (proposal_id, verdict, actor, os_user, note, at) VALUES (?, ?, ?, ?, ?, ?)
"""
VERDICTS = """
SELECT verdict, actor, os_user, note, at FROM verdicts WHERE proposal_id = ? ORDER BY verdict_id
"""


def add(
    session: Session,
    subject: Subject,
    kind: str,
    before: Any,
    after: Any,
    *,
    amount_fen: int = 0,
    note: str = "",
    evidence: str = "",
    is_effective: bool = False,
) -> int:
    """Propose a change, or keep one that takes effect at once; gives its number."""
    state, ended_at = ("effective", session.now) if is_effective else ("proposed", None)
    values = (
        *subject,
        kind,
        state,
        _text(before),
        _text(after),
        amount_fen,
        note,
        evidence,
        session.actor,
        session.os_user,
        session.now,
        ended_at,
    )
    return typed.number(session.db, ADD, values)


def waiting(db: sqlite3.Connection, subject: Subject) -> Proposal | None:
    """What waits for approval on a subject; None when nothing does."""
    return next(iter(_read(db, WAITING, subject)), None)


def all_waiting(db: sqlite3.Connection) -> list[Proposal]:
    """Whatever waits for approval, the oldest first."""
    return _read(db, ALL_WAITING, ())


def history(db: sqlite3.Connection, subject: Subject) -> list[Proposal]:
    """Every proposal on a subject, the first one first."""
    return _read(db, HISTORY, subject)


def _read(db: sqlite3.Connection, statement: str, parameters: Any) -> list[Proposal]:
    return [
        each._replace(before=json.loads(str(each.before)), after=json.loads(str(each.after)))
        for each in typed.rows(db, Proposal, statement, parameters)
    ]


def end(
    db: sqlite3.Connection,
    proposal: Proposal,
    state: str,
    at: int,
    *,
    before: Any = None,
    after: Any = None,
) -> None:
    """It took effect (`before`: what stood until then, `after`: what it came to; None: as it was
    proposed) or was declined.
    """
    before, after = (
        _text(proposed if said is None else said)
        for said, proposed in ((before, proposal.before), (after, proposal.after))
    )
    db.execute(END, (state, before, after, at, proposal.proposal))


def void(db: sqlite3.Connection, subject: Subject, at: int, *, only_opening: bool = False) -> None:
    """The subject moved on without what still waited: all of it, or only what would move an opening
    that has come.
    """
    wanted = {"state": "void", "at": at, "only_opening": only_opening}
    db.execute(VOID, {**subject._asdict(), **wanted})


def add_verdict(session: Session, proposal: int, verdict: str, note: str = "") -> None:
    """`approve` or `reject`, by the session's actor."""
    session.db.execute(
        ADD_VERDICT, (proposal, verdict, session.actor, session.os_user, note, session.now)
    )


def verdicts(db: sqlite3.Connection, proposal: int) -> list[Verdict]:
    """What was said on it, the first word first."""
    return typed.rows(db, Verdict, VERDICTS, (proposal,))


def approvers(db: sqlite3.Connection, proposal: int) -> list[Hand]:
    """Who has approved it."""
    return [
        Hand(each.actor, each.os_user)
        for each in verdicts(db, proposal)
        if each.verdict == "approve"
    ]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
