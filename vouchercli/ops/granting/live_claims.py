"""Live claims: one resident, or groups of them, get their packs now; durable when the answer is
given.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops.granting import allocations, grants
from vouchercli.ops.rounds.lookup import Found, found
from vouchercli.result import Column, Outcome, Table, Word, say
from vouchercli.rules import allocations as law
from vouchercli.rules import limits as limits_law
from vouchercli.rules import times
from vouchercli.store import applications, audit, eligibility, identities, persons
from vouchercli.store import grants as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from vouchercli.session import Session

GROUP_SIZE = 100


@dataclass(frozen=True)
class Request:
    """Who asks for a pack: an identity (or its token), and the number that makes asking again
    harmless ('': none).
    """

    resident: str
    application_no: str = ""


@dataclass(frozen=True)
class Answer:
    """What became of a request: the claim it has, `is_new` when it was granted now; or the reason
    why not.
    """

    request: Request
    reason: str | None = None
    claim: dict[str, Any] | None = None
    is_new: bool = False


@dataclass
class _Group:
    """Requests at work in one transaction: what their persons hold, which are staged, under which
    application numbers.
    """

    it: Found
    key: bytes
    held: law.Held
    known: set[bytes] = field(default_factory=set)
    staged: list[tuple[Request, bytes, int]] = field(default_factory=list)
    # application_no -> (resident, its place among the staged)
    asked: dict[str, tuple[bytes, int]] = field(default_factory=dict)


def grant_claim(session: Session, code: str, resident: str, application_no: str = "") -> Outcome:
    """Grant one pack now. The same application number again gives the claim that stands.

    Raises `round_not_open`, `sold_out`, `resident_limit`, `not_eligible`, `application_reused`,
    `bad_resident`, `platform_round`, `drawn_round`.
    """
    (answer,), it = _granted(session, code, [Request(resident, application_no)])
    if answer.claim is None:
        raise _refusal(it, answer)
    claim = answer.claim
    expires_at = times.shown(claim["expires_at"], it.row["time_zone"])
    says = (
        say(
            "granted {claim_no}: its vouchers are valid until {expires_at}",
            claim_no=claim["claim_no"],
            expires_at=expires_at,
        )
        if answer.is_new
        else say("{claim_no} was granted before; nothing was changed", claim_no=claim["claim_no"])
    )
    return Outcome(
        data={"round": code, "is_new": answer.is_new, **_shown(claim, it.row["time_zone"])},
        says=(says,),
    )


def grant_claims(session: Session, code: str, requests: Iterable[Request]) -> Outcome:
    """Grant packs to many, a hundred in a transaction, as they come; every request ends granted,
    standing or refused.
    """
    answers: list[Answer] = []
    waiting = iter(requests)
    it = found(session, code)
    while group := list(islice(waiting, GROUP_SIZE)):
        done, it = _granted(session, code, group)
        answers += done
    return _told(it, answers)


def _granted(session: Session, code: str, requests: list[Request]) -> tuple[list[Answer], Found]:
    """One transaction, synced to the disk before it returns."""
    key = identities.load_key(session.path)
    store.durably(session.db)
    # whatever needs no lock is done before it is taken: all tills wait for one another there
    store.prepare(session.db)
    with writing(session) as db:
        it = found(session, code)
        allocations.require_local(it)
        group = _Group(it, key, law.Held(it.row["packs"] - it.row["claimed"]))
        answers = [_judged(session, db, group, request) for request in requests]
        claims = _written(session, db, group)
        return [
            (
                each
                if isinstance(each, Answer)
                else Answer(request, claim=claims[each.at], is_new=each.is_new)
            )
            for request, each in zip(requests, answers, strict=True)
        ], it


@dataclass(frozen=True)
class _Place:
    """Where among the staged a request's pack is; `is_new` for the first that asked for it."""

    at: int
    is_new: bool = True


def _judged(
    session: Session, db: sqlite3.Connection, group: _Group, request: Request
) -> Answer | _Place:
    """The answer to a request that gets nothing new; else the place of its pack."""
    try:
        resident = identities.token(group.key, request.resident)
    except ValueError:
        return Answer(request, "bad_resident")
    standing = None
    if request.application_no:
        if request.application_no in group.asked:
            owner, place = group.asked[request.application_no]
            return (
                _Place(place, is_new=False)
                if owner == resident
                else Answer(request, "application_reused")
            )
        standing = applications.named(db, group.it.row["round_id"], request.application_no)
    if standing is not None:
        claim = store.claim_of(db, standing["round_id"], resident, standing["application_id"])
        if standing["resident"] != resident or claim is not None:
            return (
                Answer(request, claim=dict(claim))
                if claim is not None
                else Answer(request, "application_reused")
            )
    if reason := _reason(session, db, group, resident):
        return Answer(request, reason)
    return _stage(session, db, group, request, resident, standing)


def _reason(session: Session, db: sqlite3.Connection, group: _Group, resident: bytes) -> str | None:
    """Why the law gives the resident no pack now; None, and it is counted as granted, when it
    does.
    """
    it, limits = group.it, allocations.limits_of(group.it)
    if it.row["state"] != "open" or not it.row["opens_at"] <= session.now < it.row["closes_at"]:
        return "round_not_open"
    person = persons.person_of(db, it.row["round_id"], resident)
    if person not in group.known:
        group.known.add(person)
        allocations.learn(db, it, person, limits, group.held)
    mode, listed_as = it.row["mode"], it.row["resident_group"]
    is_eligible = limits_law.is_for_all(mode, listed_as) or eligibility.is_listed(
        db, it.row["programme_id"], resident, listed_as or None
    )
    entry = law.Entry(0, resident, person, session.now, is_eligible=is_eligible)
    week = "" if limits.per_week is None else limits_law.week_of(session.now, it.row["time_zone"])
    reason = law.reason(entry, week, limits, group.held)
    if reason is None:
        group.held.left -= 1
        group.held.add(person, week)
    return reason


def _stage(
    session: Session,
    db: sqlite3.Connection,
    group: _Group,
    request: Request,
    resident: bytes,
    standing: sqlite3.Row | None,
) -> _Place:
    """Note the application and put the pack with what is granted in this transaction."""
    application_id = 0
    if request.application_no:
        application_id = (
            standing["application_id"]
            if standing is not None
            else applications.add(
                db, group.it.row["round_id"], request.application_no, resident, session.now
            )
        )
        group.asked[request.application_no] = (resident, len(group.staged))
    group.staged.append((request, resident, application_id))
    return _Place(len(group.staged) - 1)


def _written(session: Session, db: sqlite3.Connection, group: _Group) -> list[dict[str, Any]]:
    """The claims of what is staged, in its order, with their line in the log."""
    if not group.staged:
        return []
    row = group.it.row
    store.stage(
        db,
        [(resident, application_id, session.now) for _, resident, application_id in group.staged],
    )
    numbers = [request.application_no for request, _, _ in group.staged if request.application_no]
    tally = (
        grants.Tally(last_applied_at=session.now, last_application_no=numbers[-1])
        if numbers
        else grants.Tally()
    )
    given = grants.issue(db, session, row, tally, live=True)
    assert given.batch_id is not None
    claims = [
        dict(each)
        for each in store.written(db, given.batch_id, store.claim_number(row["round"], given.after))
    ]
    audit.note(
        session,
        "claim.grant",
        row["round"],
        batch=given.batch_id,
        first=claims[0]["claim_no"],
        packs=len(claims),
        before={"claimed": row["claimed"]},
        after={"claimed": row["claimed"] + len(claims)},
    )
    return claims


# ---------------------------------------------------------------- what is told


def _refusal(it: Found, answer: Answer) -> VoucherError:
    """Why one request got nothing, as a refusal with a way out."""
    row, number = it.row, answer.request.application_no
    return {
        "sold_out": lambda: grants.sold_out(row),
        "resident_limit": lambda: VoucherError(
            "resident_limit",
            "this resident already has the packs allowed",
            hint="voucher claim list --resident ID",
        ),
        "not_eligible": lambda: VoucherError(
            "not_eligible",
            "this resident is not on the list that round {round} is for",
            hint="voucher eligibility list --resident ID",
            round=row["round"],
        ),
        "application_reused": lambda: VoucherError(
            "application_reused",
            "application number {number} stands for another resident",
            hint="voucher application list --application {number}",
            number=number,
        ),
        "bad_resident": lambda: VoucherError(
            "bad_resident",
            "the resident's token is damaged",
            hint="copy it whole: token: and 32 hexadecimal digits",
        ),
        "round_not_open": lambda: _not_open(row),
    }[answer.reason or "sold_out"]()


def _not_open(row: sqlite3.Row) -> VoucherError:
    if row["state"] != "open":
        return allocations.not_open(row)
    opens_at, closes_at = (
        times.shown(row[each], row["time_zone"]) for each in ("opens_at", "closes_at")
    )
    return VoucherError(
        "round_not_open",
        "round {round} takes claims from {opens_at} to {closes_at}",
        hint="voucher round show {round}",
        round=row["round"],
        opens_at=opens_at,
        closes_at=closes_at,
    )


def _shown(claim: dict[str, Any], zone: str) -> dict[str, Any]:
    return {
        "claim_no": claim["claim_no"],
        **{key: times.iso(claim[key], zone) for key in ("claimed_at", "expires_at")},
    }


COLUMNS = (
    Column("request", "No.", "int"),
    Column("application_no", "Application", blank="-"),
    Column("outcome", "Outcome", "word"),
    Column("claim_no", "Claim", blank="-"),
)


def _told(it: Found, answers: list[Answer]) -> Outcome:
    rows = tuple(
        {
            "request": number,
            "application_no": each.request.application_no,
            "outcome": each.reason or ("granted" if each.is_new else "standing"),
            "claim_no": each.claim["claim_no"] if each.claim else None,
        }
        for number, each in enumerate(answers, 1)
    )
    reasons = dict(sorted(Counter(each.reason for each in answers if each.reason).items()))
    counts = {
        "granted": sum(each.is_new for each in answers),
        "standing": sum(bool(each.claim) and not each.is_new for each in answers),
        "refused": sum(reasons.values()),
    }
    says = say(
        "{requests:,} requests for {round} = {granted:,} granted + {standing:,} granted before +"
        " {refused:,} refused",
        requests=len(answers),
        round=it.row["round"],
        **counts,
    )
    shown = tuple({**row, "outcome": Word(row["outcome"])} for row in rows)
    return Outcome(
        data={"round": it.row["round"], **counts, "reasons": reasons, "rows": list(rows)},
        says=(says,),
        tables=(Table(say("Live claims of {round}", round=it.row["round"]), COLUMNS, shown),),
        status="partial" if reasons else "ok",
    )


def requests_of(lines: Iterable[str]) -> Iterator[Request]:
    """A request of every line `RESIDENT` or `RESIDENT,APPLICATION`; blank lines are nothing."""
    for line in lines:
        resident, _, application_no = (part.strip() for part in line.partition(","))
        if resident:
            yield Request(resident, application_no)
