"""Live claims: one resident, or groups of them, get their packs now. The claims are on the disk
when the answer is given.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.formats.tables.cells import id_text
from vouchercli.identities import HIDDEN
from vouchercli.ops import residents
from vouchercli.ops.answers import dated
from vouchercli.ops.granting import allocations, grants
from vouchercli.ops.granting.requests import Request
from vouchercli.ops.intake.screening import is_identity_in_key
from vouchercli.ops.rounds.lookup import RoundAtHand, changing, look_up
from vouchercli.result import Column, Outcome, Problem, Table, say
from vouchercli.rules import allocations as law
from vouchercli.rules import limits as limits_law
from vouchercli.store import applications, eligibility, fact_digests, identities, persons
from vouchercli.store import grants as store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from vouchercli.session import Session
    from vouchercli.store.grants import Claim

GROUP_SIZE = 100
SHOWN_ROWS = 10


@dataclass(frozen=True)
class Answer:
    """What became of a request: the claim it has, `is_new` when it was granted now; or the reason
    why not (`is_excluded`: a case excludes the resident). `place`: where among the staged its pack
    is, until it is written.
    """

    request: Request
    reason: str | None = None
    claim: Claim | None = None
    is_new: bool = False
    place: int | None = None
    is_excluded: bool = False


@dataclass
class _Group:
    """Requests at work in one transaction: what their persons hold, which are staged, under which
    application numbers.
    """

    current: RoundAtHand
    ring: identities.Ring
    holders: allocations.Holders
    staged: list[tuple[Request, bytes, int]] = field(default_factory=list)
    first_application: int | None = None  # of those that were made here
    # application_no -> (resident, its place among the staged)
    asked: dict[str, tuple[bytes, int]] = field(default_factory=dict)


def grant_claim(session: Session, code: str, resident: str, application_no: str = "") -> Outcome:
    """Grant one pack now. The same application number again gives the claim that stands.

    Raises `round_not_open`, `sold_out`, `resident_limit`, `not_eligible`, `application_reused`,
    `bad_resident`, `platform_round`, `drawn_round`.
    """
    resident = residents.clean(resident)
    (answer,), current = _grant(session, code, [Request(resident, id_text(application_no))])
    if answer.claim is None:
        raise _refusal_error(current, answer)
    claim = answer.claim
    message = (
        say(
            "granted {claim_no}: its vouchers are valid until {expires_at}",
            claim_no=claim.claim_no,
            expires_at=current.local_end(claim.expires_at),
        )
        if answer.is_new
        else say("{claim_no} was granted before; nothing was changed", claim_no=claim.claim_no)
    )
    data = {"round": code, "is_new": answer.is_new, **dated(claim._asdict(), current.zone)}
    return Outcome(data, says=(message,), problems=residents.warnings(resident))


def grant_claims(session: Session, code: str, requests: Iterable[Request]) -> Outcome:
    """Grant packs to many, a hundred in a transaction, as they come; every request ends granted,
    standing or refused.
    """
    answers: list[Answer] = []
    waiting = iter(requests)
    current = look_up(session, code)
    while group := list(islice(waiting, GROUP_SIZE)):
        done, current = _grant(session, code, group)
        answers += done
    return _answer(current, answers)


def _grant(
    session: Session, code: str, requests: list[Request]
) -> tuple[list[Answer], RoundAtHand]:
    """Grant the requests in one transaction that is on the disk before this returns."""
    ring = identities.load_ring(session.path, session.db)
    store.durably(session.db)
    # Work that needs no lock comes first, because all tills wait for one another at the lock.
    store.prepare(session.db)
    with changing(session, code) as current:
        allocations.require_local(current)
        left = current.row["seats"] - current.row["claimed"]
        group = _Group(current, ring, allocations.Holders(current, left))
        answers = [_judge(group, request) for request in requests]
        claims = _write(group)
        return [
            each if each.place is None else replace(each, claim=claims[each.place])
            for each in answers
        ], current


def _judge(group: _Group, request: Request) -> Answer:
    """Judge one request; an answer with a new claim has its place among the staged."""
    current = group.current
    if unusable := _find_unusable(current, request):
        return unusable
    try:
        resident = identities.token(group.ring, request.resident)
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
        standing = applications.named(current.db, current.round_id, request.application_no)
    if standing is not None:
        claim = store.claim_of(
            current.db, standing["round_id"], resident, standing["application_id"]
        )
        if standing["resident"] != resident or claim is not None:
            return (
                Answer(request, claim=claim)
                if claim is not None
                else Answer(request, "application_reused")
            )
    if reason := _find_reason(group, resident):
        is_excluded = reason == "not_eligible" and _is_excluded(current, resident)
        return Answer(request, reason, is_excluded=is_excluded)
    return _stage(group, request, resident, standing)


def _find_unusable(current: RoundAtHand, request: Request) -> Answer | None:
    """The answer to a request that is damaged, or names a person as its number."""
    if request.fault:
        return Answer(request, "bad_row")
    number = request.application_no
    moment = current.local_time(current.now)
    if is_identity_in_key(
        "application_no", number, usual=len(number), cells=(moment,), resident=request.resident
    ):
        return Answer(replace(request, application_no=HIDDEN), "bad_application")
    return None


def _find_reason(group: _Group, resident: bytes) -> str | None:
    """Find why the rules give the resident no pack now. None means that they do; the pack is then
    counted as granted.
    """
    current, holders = group.current, group.holders
    if (
        current.row["state"] != "open"
        or not current.row["opens_at"] <= current.now < current.row["closes_at"]
    ):
        return "round_not_open"
    person = persons.person_of(current.db, current.round_id, resident)
    holders.learn(person)
    mode, listed_as = current.row["mode"], current.row["resident_group"]
    programme_id = current.row["programme_id"]
    is_eligible = (
        limits_law.is_for_all(mode, listed_as)
        or eligibility.is_listed(current.db, programme_id, resident, listed_as or None)
    ) and not _is_excluded(current, resident)
    entry = law.Entry(0, resident, person, current.now, is_eligible=is_eligible)
    reason = law.reason(entry, holders.limits, holders.held, current.zone)
    if reason is None:
        holders.held.grant(entry)
    return reason


def _is_excluded(current: RoundAtHand, resident: bytes) -> bool:
    """Whether a case excludes the resident from packs now."""
    return eligibility.is_excluded_at(current.db, current.round_id, resident, current.now)


def _stage(
    group: _Group, request: Request, resident: bytes, standing: sqlite3.Row | None
) -> Answer:
    """Record the application and stage the pack for this transaction."""
    application_id = 0
    if request.application_no:
        application_id = (
            standing["application_id"]
            if standing is not None
            else _add_application(group, request.application_no, resident)
        )
        group.asked[request.application_no] = (resident, len(group.staged))
    group.staged.append((request, resident, application_id))
    return Answer(request, is_new=True, place=len(group.staged) - 1)


def _add_application(group: _Group, number: str, resident: bytes) -> int:
    current = group.current
    application_id = applications.add(current.db, current.round_id, number, resident, current.now)
    group.first_application = group.first_application or application_id
    return application_id


def _write(group: _Group) -> list[Claim]:
    """Write the staged packs as claims, in their order, and one line in the audit log."""
    if not group.staged:
        return []
    current, claimed = group.current, group.current.row["claimed"]
    store.stage(
        current.db,
        [(resident, application_id, current.now) for _, resident, application_id in group.staged],
    )
    if group.first_application is not None:
        fact_digests.add_written(current.db, "applications", group.first_application)
    numbers = [request.application_no for request, _, _ in group.staged if request.application_no]
    tally = grants.Tally({}, current.now, numbers[-1]) if numbers else grants.Tally()
    granted = grants.issue(current, tally, live=True)
    assert granted.batch_id is not None
    after = store.claim_number(current.code, granted.after)
    claims = store.written(current.db, granted.batch_id, after)
    current.note(
        "claim.grant",
        batch=granted.batch_id,
        first=claims[0].claim_no,
        packs=len(claims),
        before={"claimed": claimed},
        after={"claimed": claimed + len(claims)},
    )
    return claims


# ---------------------------------------------------------------- answer


def _refusal_error(current: RoundAtHand, answer: Answer) -> VoucherError:
    """The refusal of one request, with a hint what to do."""
    number = answer.request.application_no
    return {
        "sold_out": grants.sold_out_error(current),
        "resident_limit": VoucherError(
            "resident_limit",
            "this resident already has the packs allowed",
            hint="voucher claim list --resident ID",
        ),
        "not_eligible": _not_eligible_error(current, answer),
        "application_reused": VoucherError(
            "application_reused",
            "application number {number} stands for another resident",
            hint="voucher application list --application {number}",
            number=number,
        ),
        "bad_resident": residents.damaged_token(),
        "bad_application": VoucherError(
            "bad_application",
            "a person's identity stands in place of the application number",
            hint="voucher claim grant {round} RESIDENT --application NO",
            round=current.code,
        ),
        "round_not_open": _not_open_error(current),
    }[answer.reason or "sold_out"]


def _not_eligible_error(current: RoundAtHand, answer: Answer) -> VoucherError:
    if answer.is_excluded:
        return VoucherError(
            "not_eligible",
            "a case excludes this resident from packs now",
            hint="voucher case list --resident ID",
        )
    return VoucherError(
        "not_eligible",
        "this resident is not on the list that round {round} is for",
        hint="voucher eligibility list --resident ID",
        round=current.code,
    )


def _not_open_error(current: RoundAtHand) -> VoucherError:
    if current.row["state"] != "open":
        return allocations.not_open_error(current)
    return VoucherError(
        "round_not_open",
        "round {round} takes claims from {opens_at} to {closes_at}",
        hint="voucher round show {round}",
        round=current.code,
        opens_at=current.local_time("opens_at"),
        closes_at=current.local_time("closes_at"),
    )


COLUMNS = (
    Column("request", "No.", "int"),
    Column("application_no", "Application", blank="-"),
    Column("outcome", "Outcome", "word"),
    Column("claim_no", "Claim", blank="-"),
)


def _answer(current: RoundAtHand, answers: list[Answer]) -> Outcome:
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
    message = say(
        "{requests:,} requests for {round} = {granted:,} granted + {standing:,} granted before +"
        " {refused:,} refused",
        requests=len(answers),
        round=current.code,
        **counts,
    )
    title = say("Live claims of {round}", round=current.code)
    return Outcome(
        {"round": current.code, **counts, "reasons": reasons},
        (Table(title, COLUMNS, rows, key="rows"),),
        (message,),
        problems=_problems(answers),
        status="partial" if reasons else "ok",
    )


def _problems(answers: list[Answer]) -> tuple[Problem, ...]:
    """The first rows that cannot be read, and the first that are odd."""
    faults = [each.request.fault for each in answers if each.request.fault]
    odd = [
        replace(problem, where=str(each.request.line))
        for each in answers
        if not each.request.fault
        for problem in residents.warnings(each.request.resident)
    ]
    return (*faults[:SHOWN_ROWS], *odd[:SHOWN_ROWS])
