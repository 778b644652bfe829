"""Rounds: list, show, open, close, cancel. Drafting is in drafts.py, approving in approvals.py, foreseeing in plans.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vouchercli.errors import VoucherError
from vouchercli.ops import commitments
from vouchercli.result import Column, Message, Outcome, Problem, Table, Word, say
from vouchercli.rules import money, times
from vouchercli.rules import rounds as law
from vouchercli.store import approvals, audit, programmes, rounds, templates
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.rules.programmes import Programme
    from vouchercli.rules.templates import Template
    from vouchercli.store.db import Session


@dataclass(frozen=True)
class Found:
    """A round as it is kept, with its programme and template as the rules know them."""

    row: sqlite3.Row
    programme: Programme
    template: Template

    @property
    def quota_fen(self) -> int:
        """packs x pack value: the most that all funders together can have to pay."""
        return int(self.row["packs"] * self.row["pack_value_fen"])

    @property
    def checkers(self) -> int:
        """How many different checkers must approve it."""
        return law.checkers_needed(self.quota_fen, self.programme.approvals)


def found(session: Session, code: str) -> Found:
    """The round of that code in the chosen programme. Raises `unknown_round`."""
    db = session.db
    programme = programmes.current(db, session.programme)
    row = rounds.named(db, programme["programme_id"], code)
    template = templates.named(db, row["template"], row["version"])
    return Found(row, programmes.value(programme), templates.value(template))


def require(deed: str, row: sqlite3.Row) -> None:
    """Raise `wrong_state`, with what is possible instead, unless the round's state allows the deed."""
    state = row["state"]
    if law.is_possible(deed, state):
        return
    if law.DEEDS[deed].end == state != "draft":
        raise VoucherError("wrong_state", "round {round} is already {state}", hint="voucher round show {round}",
                           round=row["round"], state=Word(state))
    others = law.possible(state)
    if not others:
        raise VoucherError("wrong_state", "round {round} is {state}: nothing more can be done with it",
                           hint="voucher round copy {round} NEW --opens-at TIME", round=row["round"], state=Word(state))
    raise VoucherError("wrong_state", "round {round} is {state}: {deed} is not possible now (possible: {possible})",
                       hint="voucher round {next} {round}", round=row["round"], state=Word(state), deed=deed,
                       possible=", ".join(others), next=others[0])


def told(session: Session, code: str, *says: Message, problems: tuple[Problem, ...] = ()) -> Outcome:
    """The answer of every deed: the round as it now stands, and what to do next."""
    said = (*says, say("dry run: nothing was written")) if session.dry_run else says
    return Outcome(data=described(session.db, found(session, code)), says=said, problems=problems)


# ---------------------------------------------------------------- reading


def list_rounds(session: Session) -> Outcome:
    """Every round of the programme by its opening, cancelled ones too."""
    programme = programmes.current(session.db, session.programme)
    zone = programme["time_zone"]
    rows = [
        {**dict(row), "template": f"{row['template']}@{row['version']}", "quota_fen": row["packs"] * row["pack_value_fen"]}
        for row in rounds.listed(session.db, programme["programme_id"])
    ]
    data = [
        {key: row[key] for key in ("round", "state", "mode", "packs", "claimed", "quota_fen", "platform", "group")}
        | {"template": row["template"].rpartition("@")[0], "version": row["version"],
           "opens_at": times.iso(row["opens_at"], zone), "closes_at": times.iso(row["closes_at"], zone)}
        for row in ({**row, "group": row["resident_group"]} for row in rows)
    ]
    table = Table(say("Rounds of {programme}", programme=programme["programme"]), LIST, tuple(rows), zone=zone)
    says = () if rows else (say("no round yet; next: voucher round create CODE --template T --packs N --opens-at TIME"),)
    return Outcome(data={"programme": programme["programme"], "rounds": data}, tables=(table,), says=says)


LIST = (
    Column("round", "round"), Column("state", "state", "word"), Column("template", "template"), Column("packs", "packs", "int"),
    Column("claimed", "claimed", "int"), Column("opens_at", "opens", "time"), Column("closes_at", "closes", "time"),
)


def show_round(session: Session, code: str) -> Outcome:
    """One round: its terms, its money by funder, its approvals, what was claimed."""
    it = found(session, code)
    data = described(session.db, it)
    tables = (_terms_table(it), _money_table(session.db, it), _approvals_table(session.db, it))
    return Outcome(data=data, tables=tuple(table for table in tables if table.rows))


def described(db: sqlite3.Connection, it: Found) -> dict[str, Any]:
    """A round as JSON shows it: the answer of `round show` and of every deed on a round."""
    row, zone = it.row, it.row["time_zone"]
    same = ("round", "programme", "state", "template", "version", "mode", "packs", "pack_value_fen")
    registration = row["registration_opens_at"]
    return {key: row[key] for key in same} | {
        "quota_fen": it.quota_fen,
        "opens_at": times.iso(row["opens_at"], zone),
        "closes_at": times.iso(row["closes_at"], zone),
        "registration_opens_at": None if registration is None else times.iso(registration, zone),
        "platform": row["platform"],
        "group": row["resident_group"],
        "per_resident": row["per_resident"],
        "revision": row["revision"],
        "created_by": row["created_by"],
        "edited_by": row["edited_by"],
        "claimed": row["claimed"],
        "checkers_needed": it.checkers,
        "liability": [{"funder": funder, "amount_fen": amount} for funder, amount in law.liability(row["packs"], it.template)],
        "committed": [{"funder": funder, "amount_fen": amount} for funder, amount in commitments.standing(db, row).items()],
        "approvals": [
            {key: each[key] for key in ("revision", "verdict", "actor", "os_user", "note")} | {"at": times.iso(each["at"], zone)}
            for each in approvals.history(db, row["round_id"])
        ],
    }


def _terms_table(it: Found) -> Table:
    row, zone = it.row, it.row["time_zone"]
    registration = row["registration_opens_at"]
    facts = {
        "template": f"{row['template']}@{row['version']}",
        "packs": f"{row['packs']:,} x {money.grouped(row['pack_value_fen'])} = {money.grouped(it.quota_fen)}",
        "claimed": f"{row['claimed']:,}",
        "per resident": str(row["per_resident"]),
        "registration opens": None if registration is None else times.shown(registration, zone),
        "opens": times.shown(row["opens_at"], zone),
        "closes": times.shown(row["closes_at"], zone),
        "platform": row["platform"] or None,
        "group": row["resident_group"] or None,
        "revision": str(row["revision"]),
        "created by": row["created_by"],
        "edited by": row["edited_by"],
        "checkers needed": str(it.checkers),
    }
    return Table(
        say("Round {round}: {state}, {mode}", round=row["round"], state=Word(row["state"]), mode=Word(row["mode"])),
        (Column("what", "what", "word"), Column("value", "value")),
        tuple({"what": what, "value": value} for what, value in facts.items() if value is not None),
    )


def _money_table(db: sqlite3.Connection, it: Found) -> Table:
    standing = commitments.standing(db, it.row)
    rows = tuple(
        {"funder": funder, "liability_fen": amount, "committed_fen": standing.get(funder)}
        for funder, amount in law.liability(it.row["packs"], it.template)
    )
    columns = (Column("funder", "funder"), Column("liability_fen", "largest liability", "fen"), Column("committed_fen", "committed", "fen"))
    return Table(say("Money by funder"), columns, rows)


def _approvals_table(db: sqlite3.Connection, it: Found) -> Table:
    columns = (
        Column("at", "at", "time"), Column("verdict", "verdict", "word"), Column("actor", "by"), Column("os_user", "login"),
        Column("revision", "revision", "int"), Column("note", "note"),
    )
    rows = tuple(dict(row) for row in approvals.history(db, it.row["round_id"]))
    return Table(say("Approvals"), columns, rows, zone=it.row["time_zone"])


# ---------------------------------------------------------------- deeds


def open_round(session: Session, code: str, *, is_sure: bool = False) -> Outcome:
    """Let claims in. Before its time only when `is_sure` (no claim before `opens_at` counts even then)."""
    with writing(session) as db:
        it = found(session, code)
        row, zone = it.row, it.row["time_zone"]
        require("open", row)
        opens_at, closes_at = times.shown(row["opens_at"], zone), times.shown(row["closes_at"], zone)
        if session.now < row["opens_at"] and not is_sure:
            raise VoucherError(
                "too_early", "round {round} opens at {opens_at}; it is {now} now",
                hint="wait, or add --yes (claims still count from {opens_at}); to advance it: voucher round edit {round} --opens-at TIME",
                round=code, opens_at=opens_at, now=times.shown(session.now, zone),
            )
        rounds.set_state(db, row["round_id"], "open")
        audit.note(session, "round.open", code, before={"state": "approved"}, after={"state": "open"})
        over = Problem("round_over", "round {round} was to close at {closes_at}: only claims from before then still count",
                       hint="voucher round close {round}", level="warning", params={"round": code, "closes_at": closes_at})
        return told(
            session, code,
            say("opened {round}: claims count from {opens_at} to {closes_at}", round=code, opens_at=opens_at, closes_at=closes_at),
            say("next: voucher claim import FILE, then voucher round close {round}", round=code),
            problems=(over,) if session.now >= row["closes_at"] else (),
        )


def close_round(session: Session, code: str, *, is_sure: bool = False) -> Outcome:
    """End claiming. Before `closes_at`, with packs left, only when `is_sure`; then claiming ends now, never before the
    last claim that is in."""
    with writing(session) as db:
        it = found(session, code)
        row, zone = it.row, it.row["time_zone"]
        require("close", row)
        left = row["packs"] - row["claimed"]
        if session.now < row["closes_at"] and left and not is_sure:
            raise VoucherError(
                "too_early", "round {round} closes at {closes_at} and has {left:,} packs left; it is {now} now",
                hint="wait, or end it now for good: voucher round close {round} --yes",
                round=code, closes_at=times.shown(row["closes_at"], zone), left=left, now=times.shown(session.now, zone),
            )
        earliest = max(session.now, row["opens_at"] + 1, (rounds.last_claimed_at(db, row["round_id"]) or 0) + 1)
        closes_at = min(row["closes_at"], earliest)
        rounds.close_at(db, row["round_id"], closes_at)
        rounds.set_state(db, row["round_id"], "closed")
        audit.note(session, "round.close", code, before={"state": row["state"], "closes_at": row["closes_at"]},
                   after={"state": "closed", "closes_at": closes_at})
        return told(
            session, code,
            say("closed {round}: {claimed:,} of {packs:,} packs claimed", round=code, claimed=row["claimed"], packs=row["packs"]),
            say("claims from before {closes_at} may still be imported", closes_at=times.shown(closes_at, zone)),
            say("next: voucher report rounds"),
        )


def cancel_round(session: Session, code: str) -> Outcome:
    """Give a round up and release its money. Raises `round_has_claims` once a pack is claimed."""
    with writing(session) as db:
        it = found(session, code)
        row = it.row
        require("cancel", row)
        if row["claimed"]:
            raise VoucherError(
                "round_has_claims", "{claimed:,} packs of round {round} are claimed: it can be closed, not cancelled",
                hint="voucher round close {round}" if law.is_possible("close", row["state"]) else "voucher round show {round}",
                claimed=row["claimed"], round=code,
            )
        released = commitments.release(session, row, "round.cancel")
        rounds.set_state(db, row["round_id"], "cancelled")
        audit.note(session, "round.cancel", code, before={"state": row["state"], "committed": released}, after={"state": "cancelled"})
        return told(
            session, code,
            say("cancelled {round}; {amount} yuan are uncommitted again", round=code, amount=money.grouped(sum(released.values()))),
        )
