"""Live claims: one resident, or groups of them, get their packs now; durable when the answer is
given.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.ops.answers import dated
from vouchercli.ops.granting import allocations, grants
from vouchercli.ops.rounds.lookup import Found, changing, found
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import allocations as law
from vouchercli.rules import limits as limits_law
from vouchercli.store import applications, eligibility, identities, persons
from vouchercli.store import grants as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from vouchercli.session import Session
    from vouchercli.store.grants import Claim

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
    why not. `place`: where among the staged its pack is, until it is written.
    """

    request: Request
    reason: str | None = None
    claim: Claim | None = None
    is_new: bool = False
    place: int | None = None


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
    said = (
        say(
            "granted {claim_no}: its vouchers are valid until {expires_at}",
            claim_no=claim.claim_no,
            expires_at=it.shown(claim.expires_at),
        )
        if answer.is_new
        else say("{claim_no} was granted before; nothing was changed", claim_no=claim.claim_no)
    )
    data = {"round": code, "is_new": answer.is_new, **dated(claim._asdict(), it.zone)}
    return Outcome(data, says=(said,))


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
    with changing(session, code) as it:
        allocations.require_local(it)
        group = _Group(it, key, law.Held(it.row["packs"] - it.row["claimed"]))
        answers = [_judged(group, request) for request in requests]
        claims = _written(group)
        return [
            each if each.place is None else replace(each, claim=claims[each.place])
            for each in answers
        ], it


def _judged(group: _Group, request: Request) -> Answer:
    """The answer to a request; where it gets a new claim, its place among the staged."""
    it = group.it
    try:
        resident = identities.token(group.key, request.resident)
    except ValueError:
        return Answer(request, "bad_resident")
    standing = None
    if request.application_no:
        if request.application_no in group.asked:
            owner, place = group.asked[request.application_no]
            return (
                Answer(request, place=place)
                if owner == resident
                else Answer(request, "application_reused")
            )
        standing = applications.named(it.db, it.round_id, request.application_no)
    if standing is not None:
        claim = store.claim_of(it.db, standing["round_id"], resident, standing["application_id"])
        if standing["resident"] != resident or claim is not None:
            return (
                Answer(request, claim=claim)
                if claim is not None
                else Answer(request, "application_reused")
            )
    if reason := _reason(group, resident):
        return Answer(request, reason)
    return _stage(group, request, resident, standing)


def _reason(group: _Group, resident: bytes) -> str | None:
    """Why the law gives the resident no pack now; None, and it is counted as granted, when it
    does.
    """
    it, limits = group.it, allocations.limits_of(group.it)
    if it.row["state"] != "open" or not it.row["opens_at"] <= it.now < it.row["closes_at"]:
        return "round_not_open"
    person = persons.person_of(it.db, it.round_id, resident)
    if person not in group.known:
        group.known.add(person)
        allocations.learn(it, person, limits, group.held)
    mode, listed_as = it.row["mode"], it.row["resident_group"]
    is_eligible = limits_law.is_for_all(mode, listed_as) or eligibility.is_listed(
        it.db, it.row["programme_id"], resident, listed_as or None
    )
    entry = law.Entry(0, resident, person, it.now, is_eligible=is_eligible)
    week = limits.week(it.now, it.zone)
    reason = law.reason(entry, week, limits, group.held)
    if reason is None:
        group.held.left -= 1
        group.held.add(person, week)
    return reason


def _stage(
    group: _Group, request: Request, resident: bytes, standing: sqlite3.Row | None
) -> Answer:
    """Note the application and put the pack with what is granted in this transaction."""
    it, application_id = group.it, 0
    if request.application_no:
        application_id = (
            standing["application_id"]
            if standing is not None
            else applications.add(it.db, it.round_id, request.application_no, resident, it.now)
        )
        group.asked[request.application_no] = (resident, len(group.staged))
    group.staged.append((request, resident, application_id))
    return Answer(request, is_new=True, place=len(group.staged) - 1)


def _written(group: _Group) -> list[Claim]:
    """The claims of what is staged, in its order, with their line in the log."""
    if not group.staged:
        return []
    it, claimed = group.it, group.it.row["claimed"]
    store.stage(
        it.db,
        [(resident, application_id, it.now) for _, resident, application_id in group.staged],
    )
    numbers = [request.application_no for request, _, _ in group.staged if request.application_no]
    tally = grants.Tally({}, it.now, numbers[-1]) if numbers else grants.Tally()
    given = grants.issue(it, tally, live=True)
    assert given.batch_id is not None
    after = store.claim_number(it.code, given.after)
    claims = store.written(it.db, given.batch_id, after)
    it.note(
        "claim.grant",
        batch=given.batch_id,
        first=claims[0].claim_no,
        packs=len(claims),
        before={"claimed": claimed},
        after={"claimed": claimed + len(claims)},
    )
    return claims


# ---------------------------------------------------------------- what is told


def _refusal(it: Found, answer: Answer) -> VoucherError:
    """Why one request got nothing, as a refusal with a way out."""
    number = answer.request.application_no
    return {
        "sold_out": grants.sold_out(it),
        "resident_limit": VoucherError(
            "resident_limit",
            "this resident already has the packs allowed",
            hint="voucher claim list --resident ID",
        ),
        "not_eligible": VoucherError(
            "not_eligible",
            "this resident is not on the list that round {round} is for",
            hint="voucher eligibility list --resident ID",
            round=it.code,
        ),
        "application_reused": VoucherError(
            "application_reused",
            "application number {number} stands for another resident",
            hint="voucher application list --application {number}",
            number=number,
        ),
        "bad_resident": VoucherError(
            "bad_resident",
            "the resident's token is damaged",
            hint="copy it whole: token: and 32 hexadecimal digits",
        ),
        "round_not_open": _not_open(it),
    }[answer.reason or "sold_out"]


def _not_open(it: Found) -> VoucherError:
    if it.row["state"] != "open":
        return allocations.not_open(it)
    return VoucherError(
        "round_not_open",
        "round {round} takes claims from {opens_at} to {closes_at}",
        hint="voucher round show {round}",
        round=it.code,
        opens_at=it.shown("opens_at"),
        closes_at=it.shown("closes_at"),
    )


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
            "claim_no": each.claim.claim_no if each.claim else None,
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
        round=it.code,
        **counts,
    )
    title = say("Live claims of {round}", round=it.code)
    return Outcome(
        {"round": it.code, **counts, "reasons": reasons},
        (Table(title, COLUMNS, rows, key="rows"),),
        (says,),
        status="partial" if reasons else "ok",
    )


def requests_of(lines: Iterable[str]) -> Iterator[Request]:
    """A request of every line `RESIDENT` or `RESIDENT,APPLICATION`; blank lines are nothing."""
    for line in lines:
        resident, _, application_no = (part.strip() for part in line.partition(","))
        if resident:
            yield Request(resident, application_no)
