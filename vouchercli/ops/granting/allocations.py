"""Allocating a round that is issued here: fcfs from its applications in the order of arrival,
targeted from its eligibility list.

One transaction a run. Run again it grants only what is new: packs that a top-up brought,
applications that came in since.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError
from vouchercli.ops.answers import dated
from vouchercli.ops.granting import grants
from vouchercli.ops.rounds.lookup import RoundAtHand, changing, look_up
from vouchercli.result import Column, Outcome, Table, Word, say
from vouchercli.rules import allocations as law
from vouchercli.store import allocations, batches, claim_limits, persons
from vouchercli.store import grants as store
from vouchercli.store import limits as limits_store
from vouchercli.store.db import WIDEST_KIB, widen_cache

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vouchercli.ops.granting.grants import GrantRun, Tally
    from vouchercli.rules.claim_limits import LimitsInTime
    from vouchercli.session import Session

ORDERS = {"fcfs": "applied_at, application_no", "targeted": "place on the list"}
# Late files of a closed round count while its money is not released.
TAKES_GRANTS = ("open", "paused", "closed")


def allocate(session: Session, code: str, *, group: str | None = None) -> Outcome:
    """Grant the round's packs to those who applied, or who are on its list (`group`: to these
    only).

    Raises `platform_round`, `drawn_round`, `round_not_open`, `group_not_listed`, `money_released`.
    """
    with changing(session, code) as current:
        _require_allocatable(current, group)
        if current.row["mode"] == "fcfs":
            require_finished(current)
        widen_cache(current.db, WIDEST_KIB)
        store.prepare(current.db)
        room = _count_room(current)
        tally = _stage_winners(current, room, group) if room else grants.Tally()
        granted = grants.issue(current, tally)
        if granted.packs:
            current.note(
                "round.allocate",
                batch=granted.batch_id,
                before={"claimed": current.row["claimed"]},
                after={"claimed": current.row["claimed"] + granted.packs},
                **({"group": group} if group else {}),
            )
        return _answer(current, tally, granted)


def _require_allocatable(current: RoundAtHand, group: str | None) -> None:
    """Refuse a round that is not allocated here, or not now."""
    row = current.row
    require_local(current)
    if row["state"] not in TAKES_GRANTS:
        raise not_open_error(current)
    if group is not None and (
        row["mode"] != "targeted" or row["resident_group"] not in ("", group)
    ):
        raise VoucherError(
            "group_not_listed",
            "round {round} is not granted to the group {group} from a list",
            hint="leave --group out",
            round=current.code,
            group=group,
        )


def require_local(current: RoundAtHand) -> None:
    """Refuse a round whose packs a platform grants, or a draw. Raises `platform_round`,
    `drawn_round`.
    """
    if current.row["platform"]:
        raise platform_round_error(current)
    if current.row["mode"] == "lottery":
        raise VoucherError(
            "drawn_round",
            "the packs of round {round} are drawn by lot",
            hint="voucher draw show {round}",
            round=current.code,
        )


def require_finished(current: RoundAtHand) -> None:
    """Raise `applications_unfinished` while only a part of a file is in: who came first, or takes
    part, is not known yet.
    """
    batch_id = batches.unfinished(current.db, "applications", current.row["programme_id"])
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


def platform_round_error(current: RoundAtHand) -> VoucherError:
    """The refusal to grant packs that a platform grants."""
    return VoucherError(
        "platform_round",
        "the packs of round {round} are granted by {platform}, not here",
        hint="voucher claim import FILE, when its file comes",
        round=current.code,
        platform=current.row["platform"],
    )


def not_open_error(current: RoundAtHand) -> VoucherError:
    """The refusal to grant a pack of a round that is not open. What ends it, or takes it up again,
    is not what a till does next.
    """
    possible = [
        action
        for action in current.possible
        if action not in ("settle", "cancel", "reopen", "extend")
    ]
    return VoucherError(
        "round_not_open",
        "round {round} is {state}: it takes no claims",
        hint="voucher round {next} {round}",
        round=current.code,
        state=Word(current.row["state"]),
        next=possible[0] if possible else "show",
    )


def _count_room(current: RoundAtHand) -> int:
    """Count the packs that may still be granted: those that are unclaimed and have their money.

    Raises `money_released`.
    """
    row = current.row
    left: int = row["seats"] - row["claimed"]
    if left <= 0 and row["released"] and row["state"] == "closed":
        raise VoucherError(
            "money_released",
            "round {round} is closed and the money of its unclaimed packs is released",
            hint="voucher round show {round}",
            round=current.code,
        )
    return left


def read_limits(current: RoundAtHand) -> LimitsInTime:
    """Read how many packs one person may have: by the round (of a targeted one: one pack), and by
    the programme's limits.
    """
    most = current.row["per_resident"]
    return limits_store.of_programme(current.db, current.row["programme_id"], most)


# ---------------------------------------------------------------- who gets one


def _stage_winners(current: RoundAtHand, room: int, group: str | None) -> Tally:
    """Stage everyone who gets one of `room` packs in `store.grants`, in order, and tally the
    applications without a pack.
    """
    if current.row["mode"] == "targeted":
        return _stage_by_list(current, room, group)
    if (
        allocations.is_plain(current.db, current.row)
        and not read_limits(current).looks_beyond_the_round
    ):
        return _tally_arrivals(
            current, *allocations.first_come(current.db, current.row, room, current.now)
        )
    return _stage_by_arrival(current, room)


def _stage_by_arrival(current: RoundAtHand, room: int) -> Tally:
    granted_before = allocations.granted_before(current.db, current.round_id)
    arrived = allocations.applications(current.db, current.round_id, current.now)
    reasons = _stage_by_law(
        current, (each for each in arrived if each.entry_id not in granted_before), room
    )
    late = (
        allocations.count(current.db, current.row)
        - len(granted_before)
        - store.staged(current.db)
        - reasons.total()
    )
    return _tally_arrivals(
        current, store.last_application(current.db), {**reasons, "sold_out": late}
    )


def _stage_by_list(current: RoundAtHand, room: int, group: str | None) -> Tally:
    asked = (current.db, current.round_id, group, current.now)
    waiting = allocations.count_listed(*asked)
    reasons = _stage_by_law(current, allocations.listed(*asked), room)
    late = waiting - store.staged(current.db) - reasons.total()
    return grants.Tally({**reasons, "sold_out": late})


def _tally_arrivals(current: RoundAtHand, last: int | None, reasons: dict[str, int]) -> Tally:
    at, no = (None, None) if last is None else allocations.arrival(current.db, last)
    return grants.Tally(reasons, at, no)


def _stage_by_law(current: RoundAtHand, entries: Iterable[law.Entry], room: int) -> Counter[str]:
    """Stage each entry to which the rules give a pack, and count how often each reason refused
    one.
    """
    holders = Holders(current, room)
    held, limits = holders.held, holders.limits
    if not limits.looks_beyond_the_round:
        held.in_round.update(allocations.held_in_round(current.db, current.round_id))
    reasons: Counter[str] = Counter()

    def choose() -> Iterator[tuple[bytes, int, int]]:
        judged_for = _learn_persons(entries, holders) if limits.looks_beyond_the_round else entries
        for entry, reason in law.decide(judged_for, limits, held, current.zone):
            if reason is None:
                yield entry.resident, entry.entry_id, entry.claimed_at
            else:
                reasons[reason] += 1

    store.stage(current.db, list(choose()))
    return reasons


def _learn_persons(entries: Iterable[law.Entry], holders: Holders) -> Iterator[law.Entry]:
    """Yield the entries; learn what a person holds before the first entry of that person."""
    for entry in entries:
        holders.learn(entry.person)
        yield entry


class Holders:
    """Who holds what under the limits of a round, read person by person; `left` packs are left.
    `applied_for`: the round for which these people applied, where it is another.
    """

    def __init__(self, current: RoundAtHand, left: int, applied_for: int | None = None) -> None:
        self._current, self._known = current, set[bytes]()
        self._applied_for = current.round_id if applied_for is None else applied_for
        self.limits = read_limits(current)
        self._terms = claim_limits.terms(
            current.db, current.row["programme_id"], self.limits, current.zone
        )
        self.held = law.Held(left, current.code, self._terms[current.round_id])

    def learn(self, person: bytes) -> None:
        """Count, once, every pack of the programme that the person holds, under whatever token of
        this round, and those of programmes that ever count too.
        """
        if person in self._known:
            return
        self._known.add(person)
        current = self._current
        who = persons.residents_of(current.db, self._applied_for, person)
        programme_id = current.row["programme_id"]
        self.held.packs[person] += claim_limits.packs_of(
            current.db, programme_id, who, self.limits, self._terms
        )


# ---------------------------------------------------------------- answer

PASSED_OVER = (
    Column("reason", "Reason", "code"),
    Column("applications", "Applications", "int"),
    Column("what", "Explanation", "word"),
)


def _answer(current: RoundAtHand, tally: Tally, granted: GrantRun) -> Outcome:
    row, order = look_up(current.session, current.code).row, ORDERS[current.row["mode"]]
    passed = {reason: tally.passed.get(reason, 0) for reason in grants.REASONS}
    last = allocations.last_arrival(current.db, current.round_id)
    at = granted.sold_out_at
    data = {
        "round": row["round"],
        "mode": row["mode"],
        "order": order,
        "batch": None if current.session.dry_run else granted.batch_id,
        "granted": granted.packs,
        **passed,
        "claimed": row["claimed"],
        "packs": row["packs"],
        "last_application_no": last and last["last_application_no"],
        "last_applied_at": last and last["last_applied_at"],
        "sold_out_at": at,
        "sell_out_seconds": None if at is None else at - row["opens_at"],
    }
    says = [
        say(
            "granted {granted:,} packs of {round} in the order of {order}: {claimed:,} of {packs:,}"
            " are claimed",
            granted=granted.packs,
            round=current.code,
            order=Word(order),
            claimed=row["claimed"],
            packs=row["packs"],
        )
    ]
    if at is not None:
        says.append(
            say(
                "sold out at {at}, {seconds:,} seconds after the opening",
                at=current.local_time(at),
                seconds=at - row["opens_at"],
            )
        )
    if last:
        says.append(
            say(
                "the last arrival that got a pack: {application_no}",
                application_no=last["last_application_no"],
            )
        )
    lines = tuple(
        {"reason": reason, "applications": count, "what": Word(grants.REASONS[reason])}
        for reason, count in passed.items()
        if count
    )
    title = say("Applicants without a pack, {round}", round=row["round"])
    tables = (Table(title, PASSED_OVER, lines),) if lines else ()
    return Outcome(dated(data, current.zone), tables, tuple(says))
