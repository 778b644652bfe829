"""report rounds: how each round was taken up and used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.reports import engine
from vouchercli.ops.reports.cautions import FEW_PACKS, SAYS_LITTLE
from vouchercli.ops.reports.figures import outstanding
from vouchercli.ops.reports.gathered import First, Gathered
from vouchercli.ops.reports.measures import Found, Uptake, columns
from vouchercli.ops.reports.scope import face_of
from vouchercli.ops.reports.spans import Title, limits_of_sight
from vouchercli.ops.reports.specs import Answer, Part, Question, Spec
from vouchercli.result import CSV, DATA, JSON, SCREEN, Column, only, say
from vouchercli.rules import leverage as law
from vouchercli.rules import times
from vouchercli.store import allocations, uptake
from vouchercli.store import reports as store

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from vouchercli.ops.reports.dimensions import By, Key
    from vouchercli.ops.reports.scope import Scope
    from vouchercli.result import Message, Outcome, Table
    from vouchercli.session import Session
    from vouchercli.store.reports import Round


def report_rounds(
    session: Session,
    *,
    only: Sequence[str] = (),
    as_of: int | None = None,
    known_on: int | None = None,
) -> Outcome:
    """Each round as of `as_of`, in the state and with the packs that it had then (UTC seconds;
    None: all that is known, and what has expired by now); as it was known on a sealed day
    (yyyymmdd) where one is given.
    """
    return engine.report(session, SPEC, Question(only=only, as_of=as_of, known_on=known_on))


def _say_none(scope: Scope) -> Message:
    if scope.as_of is None:
        return say("there is no round yet; next: voucher round create CODE")
    return say(
        "there was no round yet at {as_of}; next: voucher round list",
        as_of=times.shown(scope.as_of, scope.zone),
    )


def _cancelled(scope: Scope) -> list[str]:
    """Rounds that a screen leaves out, unless they were asked for by name."""
    rounds = scope.rounds.values() if scope.is_all else ()
    return [each.round for each in rounds if each.state == "cancelled"]


def _say_cancelled(scope: Scope) -> tuple[Message, ...]:
    gone = _cancelled(scope)
    return (say("Cancelled and left out: {rounds}.", rounds=", ".join(gone)),) if gone else ()


def gather(
    session: Session, scope: Scope, by: By, needs: Collection[str], first: First
) -> Gathered:
    """The claims, payments and uptake of every round of the scope."""
    db, until = session.db, times.END_OF_TIME if scope.as_of is None else scope.as_of
    at = session.now if scope.as_of is None else scope.as_of
    claimed = uptake.claimed_packs(db, scope.window, scope.zone)
    redeemed = store.redemption_sums(db, "round", scope.window, scope.zone)
    sums = law.grouped("round", ((str(group.round_id), group.sums) for group in redeemed))
    users = uptake.users(db, scope.rounds.values(), scope.window) if claimed else {}
    is_known = scope.known is not None
    # a reject that was accepted since has left no trace: nobody can tell how many there were
    breaches = {} if is_known else uptake.breaches(db, scope.programme["programme_id"], until)

    def found(round_id: int, about: Round) -> Found:
        face = face_of(about, claimed.get(round_id, 0))
        used = sums.get(str(round_id), law.NOTHING)
        # packs that are drawn or given out by a list are not run for
        is_sold_out = face.packs == about.packs and about.mode == "fcfs"
        moments = (until, at)
        taken_up = Uptake(
            about,
            uptake.last_claim(db, round_id, until) if is_sold_out else None,
            users.get(round_id, 0),
            face.packs if about.per_resident == 1 else uptake.claimers(db, round_id, until),
            outstanding(db, about, face.packs, used.face_fen, moments, is_known=is_known),
            None if is_known else breaches.get(about.round, 0),
        )
        return Found(used, face, uptake=taken_up, quota_fen=about.packs * about.pack_value_fen)

    groups: dict[Key, Found] = {}
    told: dict[Key, dict[str, Any]] = {}
    for round_id, each in scope.rounds.items():
        groups[each.round,] = of_round = found(round_id, each)
        last = allocations.last_arrival(db, round_id, until)
        told[each.round,] = {**about_of(of_round), **dict(last or {})}
    return Gathered(groups, about=told.__getitem__)


def about_of(found: Found) -> dict[str, Any]:
    """The round itself, and what its rates are made of."""
    taken_up = found.uptake
    assert taken_up is not None
    return {
        **taken_up.about._asdict(),
        "sold_out_at": taken_up.sold_out_at,
        "users": taken_up.users,
        "claimers": taken_up.claimers,
        "quota_fen": found.quota_fen,
        "used_vouchers": found.sums.vouchers,
    }


def rows_of(session: Session, scope: Scope) -> list[dict[str, Any]]:
    """A row for each round; the keys are a tested contract."""
    return engine.rows(SPEC, _answer(scope, gather(session, scope, SPEC.by, (), First())))[0]


def tables_of(scope: Scope, rows: Sequence[dict[str, Any]]) -> tuple[Table, ...]:
    """The tables of rows that are there."""
    return engine.worded(SPEC, _answer(scope, Gathered({})), rows, None)


def _answer(scope: Scope, found: Gathered) -> Answer:
    return Answer(SPEC.by, scope, found, frozenset(("sums", "claimed", "uptake")))


SALE = (
    Column("state", "State", "word"),
    Column("packs", "Packs", "int"),
    *columns("claimed", "claim_rate"),
    Column("opens_at", "Opens", "time"),
    Column("sold_out_at", "Sold out", "time"),
    *columns("sell_out_seconds"),
    Column("last_application_no", "Last arrival granted", where=CSV),
)
USE = columns(
    *("used_of_claimed", "paid_of_claimed", "paid_of_quota", "users_of_claimers"),
    *("outstanding_fen", "expired_fen", "breaches", "stays_fen"),
)
# What the rates are made of.
BEHIND = (
    *only(JSON, "template", "quota_fen", "used_vouchers"),
    *columns("claimed_vouchers", "paid_fen", "claimed_face_fen", where=JSON),
    *only(JSON, "users", "claimers", Column("last_applied_at", "", "time"), "last_application_no"),
)
BASES = (
    say(
        "By count = vouchers used / claimed; by amount = paid / face claimed; of quota = paid /"
        " packs x pack value; by person = residents who used one / residents who claimed."
    ),
    say(
        "Outstanding and expired: face of claimed vouchers that were not used. "
        "Rule breaches: rejected claims that broke the rules of issue."
    ),
)
# One table for programs and spreadsheets, two for a person, so that each fits.
SPEC = Spec(
    by=("round",),
    title=Title(
        now="Rounds: {programme}, all known at {now}",
        as_of="Rounds: {programme}, as of {as_of}",
        known="Rounds: {programme}, as of {as_of}, as known on {day}",
    ),
    none=_say_none,
    gather=gather,
    goes_back=True,
    parts=(
        Part((*SALE, *only(DATA, *USE), *BEHIND, SAYS_LITTLE), where=CSV, key="rows"),
        Part(SALE, notes=(_say_cancelled,), where=SCREEN, hides=_cancelled),
        Part(
            USE,
            say("Redemption rates"),
            (*BASES, limits_of_sight),
            (FEW_PACKS,),
            where=SCREEN,
            bars="used_of_claimed",
            hides=_cancelled,
            is_explained=True,
        ),
    ),
)
