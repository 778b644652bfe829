"""Allocating a round that is issued here: fcfs from its applications in the order of arrival,
targeted from its eligibility list.

One transaction a run. Run again it grants only what is new: packs that a top-up brought,
applications that came in since.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops.granting import grants
from vouchercli.ops.rounds import allocation_tables, commitments
from vouchercli.ops.rounds.lookup import Found, found
from vouchercli.result import Column, Outcome, Table, Word, say
from vouchercli.rules import allocations as law
from vouchercli.rules import limits as limits_law
from vouchercli.rules import rounds as rounds_law
from vouchercli.rules import times
from vouchercli.store import allocations, audit, batches, persons
from vouchercli.store import grants as store
from vouchercli.store.db import WIDEST_KIB, widen_cache, writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from vouchercli.ops.granting.grants import Granted, Tally
    from vouchercli.rules.limits import Limits
    from vouchercli.session import Session

ORDERS = {"fcfs": "applied_at, application_no", "targeted": "place on the list"}
# a closed round's late files count while its money is still there
TAKES_GRANTS = (
    "open",
    "paused",
    "closed",
)


def allocate(session: Session, code: str, *, group: str | None = None) -> Outcome:
    """Grant the round's packs to those who applied, or who are on its list (`group`: to these
    only).

    Raises `platform_round`, `drawn_round`, `round_not_open`, `group_not_listed`, `money_released`.
    """
    with writing(session) as db:
        it = found(session, code)
        _require(it, group)
        if it.row["mode"] == "fcfs":
            require_finished(db, it.row)
        widen_cache(db, WIDEST_KIB)
        store.prepare(db)
        room = _room(db, it)
        tally = _stage(db, it, room, group) if room else grants.Tally()
        given = grants.issue(db, session, it.row, tally)
        if given.packs:
            audit.note(
                session,
                "round.allocate",
                code,
                batch=given.batch_id,
                before={"claimed": it.row["claimed"]},
                after={"claimed": it.row["claimed"] + given.packs},
                **({"group": group} if group else {}),
            )
        return _told(session, it, tally, given)


def _require(it: Found, group: str | None) -> None:
    """Refuse a round that is not allocated here, or not now."""
    row = it.row
    require_local(it)
    if row["state"] not in TAKES_GRANTS:
        raise not_open(row)
    if group is not None and (
        row["mode"] != "targeted" or row["resident_group"] not in ("", group)
    ):
        raise VoucherError(
            "group_not_listed",
            "round {round} is not granted to the group {group} from a list",
            hint="leave --group out",
            round=row["round"],
            group=group,
        )


def require_local(it: Found) -> None:
    """Refuse a round whose packs a platform grants, or a draw. Raises `platform_round`,
    `drawn_round`.
    """
    row = it.row
    if row["platform"]:
        raise platform_round(row)
    if row["mode"] == "lottery":
        raise VoucherError(
            "drawn_round",
            "the packs of round {round} are drawn by lot",
            hint="voucher draw show {round}",
            round=row["round"],
        )


def require_finished(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Raise `applications_unfinished` while only a part of a file is in: who came first, or takes
    part, is not known yet.
    """
    batch_id = batches.unfinished(db, "applications", row["programme_id"])
    if batch_id is not None:
        raise VoucherError(
            "applications_unfinished",
            "the applications of batch {batch} are not all in yet",
            hint=(
                "wait for its import; if it was stopped: voucher batch resume {batch}, or voucher"
                " batch undo {batch}"
            ),
            batch=batch_id,
        )


def platform_round(row: sqlite3.Row) -> VoucherError:
    """The refusal to grant what a platform grants."""
    return VoucherError(
        "platform_round",
        "the packs of round {round} are granted by {platform}, not here",
        hint="voucher claim import FILE, when its file comes",
        round=row["round"],
        platform=row["platform"],
    )


def not_open(row: sqlite3.Row) -> VoucherError:
    """The refusal to grant a pack of a round that is not open."""
    deed = rounds_law.list_possible(row["state"])[:1]
    return VoucherError(
        "round_not_open",
        "round {round} is {state}: it takes no claims",
        hint="voucher round {next} {round}",
        round=row["round"],
        state=Word(row["state"]),
        next=deed[0] if deed else "show",
    )


def _room(db: sqlite3.Connection, it: Found) -> int:
    """How many packs may still go. Of a closed round only as many as its money, part of which may
    be released, still pays for.

    Raises `money_released`.
    """
    row = it.row
    left: int = row["packs"] - row["claimed"]
    if row["state"] != "closed" or not left:
        return left
    held, watched = (
        commitments.standing(db, row),
        {each["funder"] for each in commitments.funds(db, row)},
    )
    pack = [
        (funder, fen)
        for funder, fen in rounds_law.liability(1, it.template)
        if funder in watched and fen
    ]
    left = min([left, *(held.get(funder, 0) // fen - row["claimed"] for funder, fen in pack)])
    if left <= 0:
        raise VoucherError(
            "money_released",
            "round {round} is closed and the money of its unclaimed packs is released",
            hint="voucher round show {round}",
            round=row["round"],
        )
    return left


def limits_of(it: Found) -> Limits:
    """What one person may have: by the round (of a targeted one: one pack), by the week, in the
    programme.
    """
    said = it.programme.limits
    return limits_law.of_round(
        it.row["mode"],
        it.row["per_resident"],
        said.packs_per_resident_per_week,
        said.packs_per_resident,
    )


# ---------------------------------------------------------------- who gets one


def _stage(db: sqlite3.Connection, it: Found, room: int, group: str | None) -> Tally:
    """Put everyone who gets one of `room` packs before `store.grants`, in order; what was passed
    over.
    """
    if it.row["mode"] == "targeted":
        return _by_list(db, it, room, group)
    if allocations.is_plain(db, it.row) and not limits_of(it).looks_beyond_the_round:
        found_ = allocations.first_come(db, it.row, room)
        return _arrived(
            db, found_.last, {"resident_limit": found_.resident_limit, "sold_out": found_.sold_out}
        )
    return _by_arrival(db, it, room)


def _by_arrival(db: sqlite3.Connection, it: Found, room: int) -> Tally:
    done = allocations.granted_before(db, it.row["round_id"])
    rows = (
        row
        for row in allocations.applications(db, it.row["round_id"])
        if row["entry_id"] not in done
    )
    chosen, reasons = _by_law(db, it, rows, limits_of(it), law.Held(room))
    reasons["sold_out"] = allocations.count(db, it.row) - len(done) - chosen - reasons.total()
    return _arrived(db, store.last_application(db), reasons)


def _by_list(db: sqlite3.Connection, it: Found, room: int, group: str | None) -> Tally:
    waiting = allocations.count_listed(db, it.row["round_id"], group)
    chosen, reasons = _by_law(
        db, it, allocations.listed(db, it.row["round_id"], group), limits_of(it), law.Held(room)
    )
    reasons["sold_out"] = waiting - chosen - reasons.total()
    return grants.tallied(reasons)


def _arrived(db: sqlite3.Connection, last: int | None, reasons: dict[str, int]) -> Tally:
    at, no = (None, None) if last is None else allocations.arrival(db, last)
    return replace(grants.tallied(reasons), last_applied_at=at, last_application_no=no)


def _by_law(
    db: sqlite3.Connection,
    it: Found,
    rows: Iterable[sqlite3.Row],
    limits: Limits,
    held: law.Held,
) -> tuple[int, Counter[str]]:
    """Stage whom the law gives a pack, one row at a time: how many, and how often each reason was
    met.
    """
    if not limits.looks_beyond_the_round:
        held.in_round.update(allocations.held_in_round(db, it.row["round_id"]))
    reasons: Counter[str] = Counter()

    def chosen() -> Iterator[tuple[bytes, int, int]]:
        for entry, reason in law.decide(
            _entries(db, it, rows, limits, held), limits, held, it.row["time_zone"]
        ):
            if reason is None:
                yield entry.resident, entry.entry_id, entry.claimed_at
            else:
                reasons[reason] += 1

    store.stage(db, list(chosen()))
    return store.staged(db), reasons


def _entries(
    db: sqlite3.Connection, it: Found, rows: Iterable[sqlite3.Row], limits: Limits, held: law.Held
) -> Iterator[law.Entry]:
    """The rows as the law knows them; what a person holds in other rounds is in `held` before its
    first row is judged.
    """
    known: set[bytes] = set()
    for row in rows:
        if limits.looks_beyond_the_round and row["person"] not in known:
            known.add(row["person"])
            learn(db, it, row["person"], limits, held)
        yield law.Entry(
            row["entry_id"],
            row["resident"],
            row["person"],
            row["claimed_at"],
            is_eligible=bool(row["is_eligible"]),
            is_paused=bool(row["is_paused"]),
        )


def learn(db: sqlite3.Connection, it: Found, person: bytes, limits: Limits, held: law.Held) -> None:
    """Count every pack of the programme that the person holds, under whatever token of this
    round.
    """
    for resident in persons.residents_of(db, it.row["round_id"], person):
        for pack in allocations.packs_of(db, it.row, resident):
            week = (
                ""
                if limits.per_week is None
                else limits_law.week_of(pack["claimed_at"], it.row["time_zone"])
            )
            held.add(person, week, is_this_round=bool(pack["is_here"]))


# ---------------------------------------------------------------- what is told

REASONS = {
    "resident_limit": "the resident has the packs allowed",
    "not_eligible": "not on the list of the round's group",
    "round_paused": "came while the round was paused",
    "sold_out": "came after the last pack",
}


def _told(session: Session, it: Found, tally: Tally, given: Granted) -> Outcome:
    row, zone = found(session, it.row["round"]).row, it.row["time_zone"]
    order = ORDERS[row["mode"]]
    passed = {reason: getattr(tally, reason) for reason in REASONS}
    data: dict[str, Any] = {
        "round": row["round"],
        "mode": row["mode"],
        "order": order,
        "batch": None if session.dry_run else given.batch_id,
        "granted": given.packs,
        **passed,
        "claimed": row["claimed"],
        "packs": row["packs"],
        **allocation_tables.last_of(session.db, it.row),
        "sold_out_at": None if given.sold_out_at is None else times.iso(given.sold_out_at, zone),
        "sell_out_seconds": (
            None if given.sold_out_at is None else given.sold_out_at - row["opens_at"]
        ),
    }
    says = [
        say(
            "granted {granted:,} packs of {round} in the order of {order}: {claimed:,} of {packs:,}"
            " are claimed",
            granted=given.packs,
            round=row["round"],
            order=Word(order),
            claimed=row["claimed"],
            packs=row["packs"],
        )
    ]
    if given.sold_out_at is not None:
        says.append(
            say(
                "sold out at {at}, {seconds:,} seconds after the opening",
                at=times.shown(given.sold_out_at, zone),
                seconds=given.sold_out_at - row["opens_at"],
            )
        )
    if data["last_application_no"]:
        says.append(
            say(
                "the last arrival that got a pack: {application_no}",
                application_no=data["last_application_no"],
            )
        )
    lines = tuple(
        {"reason": reason, "applications": count, "what": Word(REASONS[reason])}
        for reason, count in passed.items()
        if count
    )
    columns = (
        Column("reason", "Reason"),
        Column("applications", "Applications", "int"),
        Column("what", "Explanation", "word"),
    )
    tables = (
        (Table(say("Who got none, {round}", round=row["round"]), columns, lines),) if lines else ()
    )
    return Outcome(data=data, says=tuple(says), tables=tables)
