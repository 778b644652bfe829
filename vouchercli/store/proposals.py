"""Proposals: whatever needs a second person, with what was said on it. Nothing is ever removed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.rules.staff import Hand
from vouchercli.store import typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from vouchercli.session import Session

ROUND, PROGRAMME, REGISTRY, LIST = "round", "programme", "registry", "list"
CLAIM, REDEMPTION = "claim", "redemption"
SETTLEMENT, DEBT, CASE, BREAK = "settlement", "debt", "case", "break"
APPROVAL = "approval"  # of a round that was submitted; every other kind on a round is an amendment


class Subject(NamedTuple):
    """What is proposed on: `round`, `programme`, `registry`, `list`, `claim`, `redemption`,
    `settlement`, `debt`, `case` or `break`, and its key (of a registry and a list: the batch of the
    file; of a debt: the merchant).
    """

    subject: str
    subject_id: int


class Step(NamedTuple):
    """Proposals that one person made in one step, their numbers one after the other: the first of
    them, how many they are, and what is at stake in all of them.
    """

    first: int
    size: int
    amount_fen: int


class Proposal(NamedTuple):
    """A change of a subject, `before` and `after`; `amount_fen` is at stake, `evidence` the file
    that it rests on. proposed, effective, declined or void; times in UTC seconds (`entered_at`: the
    machine's clock).
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
    entered_at: int
    ended_at: int | None

    @property
    def author(self) -> Hand:
        """Who proposed it."""
        return Hand(self.proposed_by, self.os_user)

    @property
    def step(self) -> Step:
        """The step in which it was made, alone or together with others (`together`)."""
        said = (self.after or {}).get("together")
        return Step(**said) if said else Step(self.proposal, 1, self.amount_fen)


class New(NamedTuple):
    """What is to be proposed on a subject."""

    subject: Subject
    before: Any
    after: Any
    amount_fen: int


class Verdict(NamedTuple):
    """`approve` or `reject`, by whom, under which login, when (UTC seconds; `entered_at`: by the
    machine's clock).
    """

    verdict: str
    actor: str
    os_user: str
    note: str
    at: int
    entered_at: int


ADD = """
INSERT INTO proposals (subject, subject_id, kind, state, before, after, amount_fen, note, evidence,
    proposed_by, os_user, proposed_at, entered_at, ended_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
ADD_ONE = f"{ADD} RETURNING proposal_id"
ALL = f"SELECT {', '.join(Proposal._fields)} FROM proposals".replace(
    "proposal,", "proposal_id AS proposal,", 1
)
HISTORY = f"{ALL} WHERE subject = ? AND subject_id = ? ORDER BY proposal_id"
WAITING = f"{ALL} WHERE subject = ? AND subject_id = ? AND state = 'proposed'"
# A round that is to replace another one waits with that one.
ALL_WAITING = f"""
{ALL} AS o WHERE state = 'proposed' AND NOT (kind = 'approval' AND EXISTS (
    SELECT 1 FROM proposals p CROSS JOIN rounds r ON r.round_id = p.subject_id
    CROSS JOIN rounds s ON s.programme_id = r.programme_id AND s.round = p.after ->> 'sibling'
    WHERE p.kind = 'replace' AND p.state = 'proposed' AND s.round_id = o.subject_id))
ORDER BY proposed_at, proposal_id
"""
NAMED = f"{ALL} WHERE proposal_id = ?"
NEXT = "SELECT ifnull(max(proposal_id), 0) + 1 FROM proposals"
LAST_OF = f"{HISTORY} DESC LIMIT 1"
NUMBERED = f"{ALL} WHERE proposal_id IN (SELECT value FROM json_each(?)) ORDER BY proposal_id"
# Changes of a programme's lists, as a round that rests on them met them after a moment.
OF_LIST = f"""
{ALL} WHERE subject = 'list' AND state = 'effective' AND ended_at >= :since AND subject_id IN (
    SELECT batch_id FROM batches WHERE programme_id = :programme_id)
AND EXISTS (SELECT 1 FROM json_each(after, '$.rounds') WHERE value = :round)
ORDER BY ended_at, proposal_id
"""
END = """
UPDATE proposals SET state = ?, before = ?, after = ?, ended_at = ? WHERE proposal_id = ?
"""
END_AS_PROPOSED = "UPDATE proposals SET state = ?, ended_at = ? WHERE proposal_id = ?"
VOID = """
UPDATE proposals SET state = :state, ended_at = :at
WHERE subject = :subject AND subject_id = :subject_id AND state = 'proposed'
    AND (NOT :only_opening OR json_extract(after, '$.opens_at') IS NOT NULL)
"""
ADD_VERDICT = """
INSERT INTO verdicts (proposal_id, verdict, actor, os_user, note, at, entered_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
APPROVERS = """
SELECT proposal_id, actor, os_user FROM verdicts
WHERE verdict = 'approve' AND proposal_id IN (SELECT value FROM json_each(?)) ORDER BY verdict_id
"""
VERDICTS = """
SELECT verdict, actor, os_user, note, at, entered_at FROM verdicts WHERE proposal_id = ?
ORDER BY verdict_id
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
    new = New(subject, before, after, amount_fen)
    values = _values(session, kind, new, note, evidence, is_effective=is_effective)
    return typed.number(session.db, ADD_ONE, values)


def add_all(
    session: Session, kind: str, many: Iterable[New], *, note: str = "", evidence: str = ""
) -> None:
    """Propose changes of many subjects: their numbers follow each other from `next_number` on."""
    rows = (_values(session, kind, new, note, evidence) for new in many)
    session.db.executemany(ADD, rows)


def _values(
    session: Session, kind: str, new: New, note: str, evidence: str, *, is_effective: bool = False
) -> tuple[object, ...]:
    state, ended_at = ("effective", session.now) if is_effective else ("proposed", None)
    return (
        *new.subject,
        kind,
        state,
        _text(new.before),
        _text(new.after),
        new.amount_fen,
        note,
        evidence,
        session.actor,
        session.os_user,
        session.now,
        session.entered_at,
        ended_at,
    )


def named(db: sqlite3.Connection, proposal: int) -> Proposal | None:
    """The proposal with that number; None: there is none."""
    return next(iter(_read(db, NAMED, (proposal,))), None)


def numbered(db: sqlite3.Connection, numbers: Iterable[int]) -> list[Proposal]:
    """Those of these proposals that are there, in their order."""
    return _read(db, NUMBERED, (json.dumps([*numbers]),))


def next_number(db: sqlite3.Connection) -> int:
    """The number that the next proposal gets."""
    return typed.number(db, NEXT)


def waiting(db: sqlite3.Connection, subject: Subject) -> Proposal | None:
    """What waits for approval on a subject; None when nothing does."""
    return next(iter(_read(db, WAITING, subject)), None)


def last_of(db: sqlite3.Connection, subject: Subject) -> Proposal | None:
    """The last proposal on a subject; None: there was none."""
    return next(iter(_read(db, LAST_OF, subject)), None)


def all_waiting(db: sqlite3.Connection) -> list[Proposal]:
    """Whatever waits for approval, the oldest first."""
    return _read(db, ALL_WAITING, ())


def history(db: sqlite3.Connection, subject: Subject) -> list[Proposal]:
    """Every proposal on a subject, the first one first."""
    return _read(db, HISTORY, subject)


def of_list(db: sqlite3.Connection, programme_id: int, round_: str, since: int) -> list[Proposal]:
    """The changes of the list on which a round rests that took effect since a moment (UTC
    seconds), the first one first.
    """
    wanted = {"programme_id": programme_id, "round": round_, "since": since}
    return _read(db, OF_LIST, wanted)


def was_approved(db: sqlite3.Connection, round_: Subject) -> bool:
    """Whether a round was ever approved, on whatever terms."""
    said = [(each.kind, each.state) for each in history(db, round_)]
    return (APPROVAL, "effective") in said


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


def end_all(db: sqlite3.Connection, numbers: Iterable[int], state: str, at: int) -> None:
    """They took effect as they were proposed, or were declined."""
    db.executemany(END_AS_PROPOSED, ((state, at, number) for number in numbers))


def void(db: sqlite3.Connection, subject: Subject, at: int, *, only_opening: bool = False) -> None:
    """The subject moved on without what still waited: all of it, or only what would move an opening
    that has come.
    """
    wanted = {"state": "void", "at": at, "only_opening": only_opening}
    db.execute(VOID, {**subject._asdict(), **wanted})


def add_verdict(session: Session, proposal: int, verdict: str, note: str = "") -> None:
    """`approve` or `reject`, by the session's actor."""
    add_verdicts(session, [proposal], verdict, note)


def add_verdicts(session: Session, numbers: Iterable[int], verdict: str, note: str = "") -> None:
    """The same on each of these proposals."""
    said = (verdict, session.actor, session.os_user, note, session.now, session.entered_at)
    session.db.executemany(ADD_VERDICT, ((number, *said) for number in numbers))


def verdicts(db: sqlite3.Connection, proposal: int) -> list[Verdict]:
    """What was said on it, the first word first."""
    return typed.rows(db, Verdict, VERDICTS, (proposal,))


def approvers(db: sqlite3.Connection, proposal: int) -> list[Hand]:
    """Who has approved it."""
    return approvers_of(db, [proposal])[proposal]


def approvers_of(db: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, list[Hand]]:
    """Who has approved each of these proposals."""
    hands: dict[int, list[Hand]] = {number: [] for number in numbers}
    for number, actor, os_user in typed.tuples(db, APPROVERS, (json.dumps(numbers),)):
        hands[number].append(Hand(actor, os_user))
    return hands


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
