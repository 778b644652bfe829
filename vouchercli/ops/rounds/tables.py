"""Tabulate rounds for people and for programs: the list, and one round with its money, its
approvals, its amendments and its granted packs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.ops.answers import dated
from vouchercli.ops.rounds import approved_lists, commitments
from vouchercli.result import EVERYWHERE, JSON, SHOWN, Clauses, Column, Table, Word, only, say
from vouchercli.rules import audit, money, staff, times
from vouchercli.rules import rounds as law
from vouchercli.rules.staff import Hand
from vouchercli.store import allocations, amendments, arms, authors, proposals, rounds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Message
    from vouchercli.store.proposals import Proposal

LIST = (
    Column("round", "round"),
    Column("state", "state", "word"),
    Column("template", "template", shown="pinned"),
    Column("packs", "packs", "int"),
    Column("claimed", "claimed", "int"),
    Column("opens_at", "opens", "time"),
    Column("closes_at", "closes", "end"),
    Column("family", "family", optional=True),
    *only(JSON, "version", "mode", "platform", "group", "quota_fen"),
)
TERMS = (
    Column("family", "family", optional=True),
    Column("template", "template", shown="pinned"),
    Column("packs", "packs", shown="sum"),
    Column("claimed", "claimed", "int"),
    Column("released", "packs without money", "int", optional=True),
    Column("rolled_in", "rolled in", shown="rolled_packs"),
    Column("per_resident", "per resident"),
    Column("registration_opens_at", "registration opens", "time"),
    Column("opens_at", "opens", "time"),
    Column("closes_at", "closes", "end"),
    Column("vouchers_end_at", "vouchers end", "end", optional=True),
    Column("vouchers_until_at", "vouchers end then or later", "end", optional=True),
    Column("platform", "platform"),
    Column("drawn", "lots drawn", "word"),
    Column("drawn_with", "drawn with"),
    Column("group", "group"),
    Column("list", "list approved", shown="list_approved"),
    Column("list_now", "list now", "sentence", where=SHOWN),
    Column("revision", "revision"),
    Column("created_by", "created by"),
    Column("edited_by", "edited by"),
    Column("checkers_needed", "checkers needed"),
    *only(JSON, "round", "programme", "state", "version", "mode", "pack_value_fen", "quota_fen"),
    *only(JSON, "liability", "committed", "same_login", "last_application_no"),
    *only(JSON, "sold_out_at", "last_applied_at", kind="time"),
)
MONEY = (
    Column("funder", "funder"),
    Column("liability_fen", "largest liability", "fen"),
    Column("committed_fen", "committed", "fen"),
)
VERDICTS = (
    Column("at", "at", "time"),
    Column("entered_at", "entered", "time", shown="entered", optional=True),
    Column("verdict", "verdict", "word"),
    Column("actor", "by"),
    Column("os_user", "login"),
    Column("revision", "revision", "int"),
    Column("note", "note"),
)
AMENDMENTS = (
    Column("amendment", "no.", "int"),
    Column("kind", "amendment", "word"),
    Column("state", "state", "word"),
    Column("change", "change", where=SHOWN),
    Column("by", "by", where=SHOWN),
    Column("at", "at", "time", where=SHOWN),
    Column("entered_at", "entered", "time", shown="entered", optional=True),
    Column("ended_at", "effective or ended", "time"),
    Column("checkers", "checked by", where=SHOWN),
    Column("note", "note", shown="notes"),
    *only(JSON, "before", "after", "proposed_by", "os_user", "verdicts", "same_login"),
    *only(JSON, "proposed_at", kind="time"),
)
RUNS = (
    Column("batch", "Batch", "int"),
    Column("granted_at", "at", "time"),
    Column("granted", "granted", "int"),
    Column("resident_limit", "over the limit", "int", optional=True),
    Column("not_eligible", "not on the list", "int", optional=True),
    Column("round_paused", "while paused", "int", optional=True),
    Column("sold_out", "came too late", "int"),
    Column("last_applied_at", "last arrival", "time", where=SHOWN),
    Column("last_application_no", "its number", where=SHOWN),
)


def tabulate_rounds(programme: sqlite3.Row) -> Table:
    """The table of the rounds of a programme, without rows yet."""
    return Table(
        say("Rounds of {programme}", programme=programme["programme"]),
        LIST,
        (),
        zone=programme["time_zone"],
        key="rounds",
    )


def describe_round(current: RoundAtHand, *, is_shown: bool) -> tuple[Table, ...]:
    """Describe a round in tables, for `round show` and for every command that changes a round.
    People see them only when `is_shown`, without the empty ones.
    """
    parts = (
        _tabulate_terms(current),
        _tabulate_money(current),
        _tabulate_verdicts(current),
        _tabulate_amendments(current),
        _tabulate_runs(current),
    )
    return tuple(
        replace(part, where=EVERYWHERE if is_shown and part.rows else JSON, zone=current.zone)
        for part in parts
    )


def _tabulate_terms(current: RoundAtHand) -> Table:
    """List the terms of the round line by line; terms without a value are left out."""
    row = current.row
    rolled_in = amendments.rolled_in(current.db, current.round_id)
    facts = {
        **dict(row),
        **dict(allocations.last_arrival(current.db, current.round_id) or {}),
        "sum": (
            f"{row['packs']:,} x {money.grouped(row['pack_value_fen'])} ="
            f" {money.grouped(row['quota_fen'])}"
        ),
        "rolled_in": rolled_in and rolled_in._asdict(),
        "rolled_packs": rolled_in and f"{rolled_in.packs:,} ({rolled_in.round})",
        "vouchers_end_at": (
            current.ends_at(row["opens_at"]) if current.template.validity.is_one_end else None
        ),
        "drawn": current.drawn,
        "drawn_with": arms.other_of(current.db, current.round_id),
        "vouchers_until_at": None
        if current.template.validity.is_one_end
        else row["vouchers_until_at"],
        "checkers_needed": current.checkers,
        "liability": _list_amounts(law.liability(row["packs"], current.template)),
        "committed": _list_amounts(commitments.read_held(current).items()),
        "same_login": _list_same_logins(current),
        **approved_lists.describe(current),
        "sold_out_at": (
            rounds.last_claimed_at(current.db, current.round_id)
            if row["claimed"] == row["packs"]
            else None
        ),
    }
    title = say(
        "Round {round}: {state}, {mode}",
        round=row["round"],
        state=Word(row["state"]),
        mode=Word(row["mode"]),
    )
    return Table(title, TERMS, (facts,), key="", is_record=True)


def _list_amounts(parts: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"funder": funder, "amount_fen": amount} for funder, amount in parts]


def _tabulate_money(current: RoundAtHand) -> Table:
    """Show what each funder may have to pay at most, and what it has committed."""
    standing = commitments.read_held(current)
    rows = tuple(
        {"funder": funder, "liability_fen": amount, "committed_fen": standing.get(funder)}
        for funder, amount in law.liability(current.row["packs"], current.template)
    )
    return Table(say("Money by funder"), MONEY, rows)


# ---------------------------------------------------------------- approvals and amendments


def _tabulate_verdicts(current: RoundAtHand) -> Table:
    """Show who submitted, approved or rejected the round, and when."""
    rows = tuple(
        row
        for each in _submissions(current)
        for row in (
            _verdict(each, "submit", each.author, each.note, (each.proposed_at, each.entered_at)),
            *(
                _verdict(
                    each,
                    said.verdict,
                    Hand(said.actor, said.os_user),
                    said.note,
                    (said.at, said.entered_at),
                )
                for said in proposals.verdicts(current.db, each.proposal)
            ),
        )
    )
    notes = tuple(map(_warn_of_same_login, _list_same_logins(current)))
    return Table(say("Approvals"), VERDICTS, rows, notes=notes, key="approvals")


def _submissions(current: RoundAtHand) -> list[Proposal]:
    history = proposals.history(current.db, current.subject)
    return [each for each in history if each.kind == proposals.APPROVAL]


def _verdict(
    each: Proposal, verdict: str, hand: Hand, note: str, clocks: tuple[int, int]
) -> dict[str, Any]:
    """One word on the round; `clocks`: when it counts from, and what the machine's clock said."""
    at, entered_at = clocks
    return {
        "verdict": verdict,
        **hand._asdict(),
        "note": note,
        "at": at,
        "entered_at": entered_at,
        "entered": audit.late_entry(at, entered_at),
        "revision": each.after["revision"],
    }


def _list_same_logins(current: RoundAtHand) -> list[dict[str, str]]:
    """List the approvals of the present revision under a login that made it too."""
    last = [*_submissions(current)][-1:]
    makers = authors.first_and_last(current.db, current.round_id)
    return [
        double
        for each in last
        if each.after["revision"] == current.row["revision"]
        for double in staff.same_logins(
            [*makers, each.author], proposals.approvers(current.db, each.proposal)
        )
    ]


def _warn_of_same_login(double: dict[str, str]) -> Message:
    return say(
        "{actor} approved under {os_user}, a login that was also used as {also}: both names may"
        " be one person.",
        **double,
    )


def _tabulate_amendments(current: RoundAtHand) -> Table:
    """Show every amendment since the approval: the terms before and after, who proposed it and
    who approved it.
    """
    rows = [
        _describe_amendment(current, each)
        for each in proposals.history(current.db, current.subject)
        if each.kind != proposals.APPROVAL
    ]
    doubles = [double for row in rows for double in row["same_login"]]
    told = {tuple(each.values()) for each in _list_same_logins(current)}  # below the approvals
    once = {tuple(each.values()): each for each in doubles}
    notes = tuple(_warn_of_same_login(each) for key, each in once.items() if key not in told)
    return Table(say("Amendments"), AMENDMENTS, rows, notes=notes, key="amendments")


def _describe_amendment(current: RoundAtHand, each: Proposal) -> dict[str, Any]:
    verdicts, zone = proposals.verdicts(current.db, each.proposal), current.zone
    return {
        **each._asdict(),
        "amendment": each.proposal,
        "by": each.proposed_by,
        "at": each.proposed_at,
        "entered": audit.late_entry(each.proposed_at, each.entered_at),
        "change": describe_change(current, each),
        "checkers": ", ".join(verdict.actor for verdict in verdicts) or _nobody(each),
        "notes": Clauses(
            "; ".join(filter(None, (each.note, *(verdict.note for verdict in verdicts))))
        ),
        "before": dated(each.before, zone),
        "after": dated(each.after, zone),
        "verdicts": [dated(verdict._asdict(), zone) for verdict in verdicts],
        "same_login": staff.same_logins(
            [each.author], proposals.approvers(current.db, each.proposal)
        ),
    }


def _nobody(each: Proposal) -> str:
    """What stands in place of checkers: what took effect without any needed none."""
    return Word("none needed") if each.state == "effective" else ""


def describe_change(current: RoundAtHand, each: Proposal) -> str:
    """Write the old and the new value of each term (`1,000 → 1,500`); a pause and a waiting closing
    change no term, so the text is empty.
    """

    def show(key: str, term: Any) -> Any:
        if key.endswith("_at"):
            return times.shown_as(key, term, current.zone)
        return f"{term:,}" if isinstance(term, int) else term

    return Clauses(
        "; ".join(
            f"{show(key, each.before[key])} → {show(key, term)}"
            for key, term in each.after.items()
            if key != "state"
        )
    )


def _tabulate_runs(current: RoundAtHand) -> Table:
    """Show every run that granted packs of the round."""
    rows = allocations.history(current.db, current.round_id)
    return Table(say("Packs granted here"), RUNS, rows, key="allocations")
