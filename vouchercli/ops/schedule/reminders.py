"""Reminders of the tick, each given once: what waits for a second person, rounds that open and are
not approved, draws that wait for their public text, seals that wait for a file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.ops.schedule.jobs import Done, attempt
from vouchercli.result import Message, Outcome, Problem
from vouchercli.rules import schedule as law
from vouchercli.rules import times
from vouchercli.rules.days import is_in_time
from vouchercli.store import batches, programmes, proposals, todo
from vouchercli.store import schedule as store
from vouchercli.store.db import writing, zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.rules.schedule import Due
    from vouchercli.session import Session
    from vouchercli.store.proposals import Proposal


def remind(session: Session, due: Due) -> Outcome | None:
    """Remind once of a step of a round that only a person can take."""
    waits = _describe_wait(due, session.now)
    return remind_once(
        session, due.key, due.due_at, waits, {"round": due.round.round}, due.round.round_id
    )


def list_waiting(session: Session) -> Iterator[tuple[Done, Proposal, todo.Subject]]:
    """List what waits for a second person, the oldest first, of the chosen programme; corrections
    of merchants concern every programme. Rounds that were handed in are called for by their
    opening; of what was proposed together the first is called for.
    """
    loaded = {row["programme_id"]: row for row in programmes.all_loaded(session.db)}
    subjects = todo.subjects(session.db)
    steps: dict[int, Proposal] = {}
    for each in proposals.all_waiting(session.db):
        steps.setdefault(each.step.first, each)
    for each in steps.values():
        about = subjects[each.proposal]
        own = None if about.programme_id is None else loaded[about.programme_id]
        if each.kind == proposals.APPROVAL or (
            own and session.programme not in (None, own["programme"])
        ):
            continue
        local = own["time_zone"] if own else zone(session.db, session.programme)
        code = own["programme"] if own else None
        name = f"batch {about.name}" if each.subject == proposals.LIST else str(about.name)
        yield Done("remind", name, local, code, each.proposed_at), each, about


def remind_of_proposal(
    session: Session, blank: Done, waiting: Proposal, about: todo.Subject
) -> Outcome | None:
    """Remind once of what waits for a second person."""
    at = waiting.proposed_at
    name = str(about.name)
    waits = _describe_proposal(waiting.subject, name, blank.programme, times.shown(at, blank.zone))
    key = f"proposal {waiting.step.first}"
    named = {waiting.subject: name}
    return remind_once(session, key, at, waits, named, about.round_id)


def _describe_proposal(subject: str, name: str, programme: str | None, at: str) -> Problem:
    about = {"name": name, "programme": programme, "at": at}
    waits = {
        proposals.ROUND: Problem(
            "amendment_waits",
            "an amendment of {name}, proposed at {at}, waits for approval",
            hint="voucher round show {name}",
            params=about,
        ),
        proposals.PROGRAMME: Problem(
            "change_waits",
            "a change of programme {name}, proposed at {at}, waits for approval",
            hint="voucher programme show {name}",
            params=about,
        ),
        proposals.LIST: Problem(
            "list_change_waits",
            "a change of the eligibility list by batch {name}, proposed at {at}, waits for"
            " approval",
            hint="voucher todo --programme {programme}",
            params=about,
        ),
        proposals.REGISTRY: Problem(
            "correction_waits",
            "a correction of merchants (batch {name}), proposed at {at}, waits for approval",
            hint="voucher batch show {name}",
            params=about,
        ),
    }
    waits |= {
        proposals.SETTLEMENT: Problem(
            "settlement_waits",
            "settlement {name}, verified at {at}, waits for approval",
            hint="voucher settlement show {name}",
            params=about,
        ),
        proposals.CASE: Problem(
            "decision_waits",
            "a decision on case {name}, proposed at {at}, waits for approval",
            hint="voucher case show {name}",
            params=about,
        ),
        proposals.BREAK: Problem(
            "resolution_waits",
            "a resolution of break {name}, proposed at {at}, waits for approval",
            hint="voucher reconcile show {name}",
            params=about,
        ),
        proposals.DEBT: Problem(
            "write_off_waits",
            "write-off {name}, proposed at {at}, waits for approval",
            hint="voucher todo --programme {programme}",
            params=about,
        ),
    }
    row = Problem(
        "row_correction_waits",
        "correction {name} of a row, proposed at {at}, waits for approval",
        hint="voucher correction show {name}",
        params=about,
    )
    return replace(waits.get(subject, row), level="warning")


def remind_of_seal(session: Session, refused: Done) -> Done | None:
    """Remind once that the seal of a day waits for a file that is still coming in; when that takes
    too long, the refusal itself.
    """
    about: dict[str, Any] = {**(refused.error.params if refused.error else {})}
    begun_at = batches.named(session.db, about["batch"]).imported_at
    if not is_in_time(begun_at, session.now):
        return refused
    waits = Problem(
        "seal_waits",
        "{day} is not sealed yet: the import of batch {batches} is not done",
        hint="voucher batch show {batch}",
        level="warning",
        params={**about, "day": refused.subject},
    )
    blank, key = replace(refused, job="remind", error=None), f"seal behind batch {about['batch']}"
    return attempt(session, blank, remind_once, key, begun_at, waits, {"day": refused.subject})


def remind_once(
    session: Session,
    key: str,
    due_at: int,
    waits: Problem,
    about: dict[str, str],
    round_id: int | None = None,
) -> Outcome | None:
    """Give a reminder and record it; None when it was given before."""
    with writing(session) as db:
        if not store.note_done(db, "remind", round_id, key, due_at, session.now):
            return None
    return Outcome(about, (), (Message(waits.text, waits.params),), (waits,))


def _describe_wait(due: Due, now: int) -> Problem:
    round_ = due.round
    if round_.state not in law.WAITING:
        return Problem(
            "draw_waits",
            "the draw of {round} waits for its public text",
            level="warning",
            hint="voucher draw run {round} --public-randomness TEXT",
            params={"round": round_.round},
        )
    return Problem(
        "round_waits",
        "round {round} should have opened at {opens_at} and is not approved"
        if now >= round_.opens_at
        else "round {round} opens at {opens_at} and is not approved yet",
        level="warning",
        hint="voucher round show {round}",
        params={"round": round_.round, "opens_at": times.shown(round_.opens_at, round_.zone)},
    )
