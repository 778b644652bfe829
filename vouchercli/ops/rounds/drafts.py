"""Drafting a round: create, edit, copy; the terms, their defaults, and what is refused at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.rounds import carry_overs, commitments
from vouchercli.ops.rounds import rounds as ops
from vouchercli.ops.rounds.lookup import found, require
from vouchercli.ops.setup import staff
from vouchercli.result import Problem, say
from vouchercli.rules import money, times
from vouchercli.rules import rounds as law
from vouchercli.rules import templates as packs_law
from vouchercli.store import amendments, approvals, audit, programmes, rounds, templates
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from vouchercli.result import Message, Outcome
    from vouchercli.rules.programmes import Programme
    from vouchercli.rules.templates import Template
    from vouchercli.session import Session

COLUMNS = (
    "template_id",
    "mode",
    "packs",
    "opens_at",
    "closes_at",
    "registration_opens_at",
    "platform",
    "resident_group",
    "per_resident",
)


def create_round(session: Session, code: str, given: Mapping[str, Any]) -> Outcome:
    """A new draft. `given` are the options (None: not said), times in UTC seconds.

    Unless said: mode fcfs; per resident what the programme allows; closing when a voucher claimed
    at the opening expires.
    """
    with writing(session) as db:
        row = programmes.current(db, session.programme)
        programme = programmes.value(row)
        staff.require_itself(session, programme)
        _check_code(db, row["programme_id"], code)
        usual = {
            "mode": "fcfs",
            "platform": "",
            "resident_group": "",
            "per_resident": programme.limits.packs_per_resident_per_round,
        }
        terms = _terms(programme, templates.referenced(db, given["template"]), given, usual)
        rounds.add(
            db,
            {
                **terms,
                "programme_id": row["programme_id"],
                "round": code,
                "actor": session.actor,
                "now": session.now,
            },
        )
        approvals.add_author(session, rounds.named(db, row["programme_id"], code)["round_id"], 1)
        audit.note(session, "round.create", code, before=None, after={"state": "draft", **terms})
        return _drafted(session, code)


def edit_round(session: Session, code: str, given: Mapping[str, Any]) -> Outcome:
    """New terms before the opening: the round is a draft again, approvals are void, committed money
    is released.

    Terms that stand already change nothing.
    """
    if all(value is None for value in given.values()):
        raise UsageFault(
            "nothing_to_edit",
            "say what to change, for example --packs or --opens-at",
            hint="voucher round edit --help",
        )
    with writing(session) as db:
        it = found(session, code)
        row = it.row
        require("edit", row)
        staff.require_itself(session, it.programme)
        before = {column: row[column] for column in COLUMNS}
        terms = _terms(
            it.programme, templates.referenced(db, given["template"] or _pinned(row)), given, before
        )
        if terms == before:
            return ops.told(
                session,
                code,
                say("round {round} has these terms already; nothing was changed", round=code),
            )
        released = commitments.release(session, row, "round.edit")
        rounds.revise(db, row["round_id"], terms, session.actor)
        approvals.add_author(session, row["round_id"], row["revision"] + 1)
        amendments.void(db, row["round_id"], session.now)
        if terms["packs"] != before["packs"]:
            amendments.forget_roll_in(db, row["round_id"])
        changed = [column for column in COLUMNS if terms[column] != before[column]]
        audit.note(
            session,
            "round.edit",
            code,
            revision=row["revision"] + 1,
            before={
                "state": row["state"],
                "committed": released,
                **{column: before[column] for column in changed},
            },
            after={"state": "draft", **{column: terms[column] for column in changed}},
        )
        return _drafted(
            session,
            code,
            problems=ops.orders_out(
                session, it, "the next order goes out once the round is approved again"
            ),
        )


def copy_round(session: Session, code: str, new: str, given: Mapping[str, Any]) -> Outcome:
    """The next round from this one, as a draft: same terms, as long, registration as long before;
    `given` replaces them.

    Unless `given` says how many packs, what this round did not use is rolled in where the
    programme's policy says so.
    """
    with writing(session) as db:
        it = found(session, code)
        old = it.row
        staff.require_itself(session, it.programme)
        _check_code(db, old["programme_id"], new)
        shift = given["opens_at"] - old["opens_at"]
        usual: dict[str, Any] = {column: old[column] for column in COLUMNS}
        usual["closes_at"] = (
            None if given["template"] or it.template.validity.until else old["closes_at"] + shift
        )
        usual["registration_opens_at"] = (
            None if old["registration_opens_at"] is None else old["registration_opens_at"] + shift
        )
        pack = templates.referenced(db, given["template"] or _pinned(old))
        rolled = carry_overs.foreseen(
            db, it, pack["pack_value_fen"], session.now, is_said=given["packs"] is not None
        )
        usual["packs"] = rolled.base + rolled.packs
        terms = _terms(it.programme, pack, given, usual)
        rounds.add(
            db,
            {
                **terms,
                "programme_id": old["programme_id"],
                "round": new,
                "actor": session.actor,
                "now": session.now,
            },
        )
        round_id = rounds.named(db, old["programme_id"], new)["round_id"]
        approvals.add_author(session, round_id, 1)
        if rolled.packs:
            amendments.roll_in(
                db, round_id, old["round_id"], rolled.unclaimed, rolled.expired_fen, rolled.packs
            )
        about = {
            "packs": rolled.packs,
            "unclaimed": rolled.unclaimed,
            "expired_fen": rolled.expired_fen,
        }
        more = {"rolled_in": about} if rolled.packs else {}
        audit.note(
            session,
            "round.create",
            new,
            before=None,
            after={"state": "draft", **terms},
            copied_from=code,
            **more,
        )
        return _drafted(session, new, *rolled.says)


def _drafted(
    session: Session, code: str, *more: Message, problems: tuple[Problem, ...] = ()
) -> Outcome:
    it = found(session, code)
    row, zone = it.row, it.row["time_zone"]
    opens_at, closes_at = times.shown(row["opens_at"], zone), times.shown(row["closes_at"], zone)
    late = Problem(
        "opening_past",
        "round {round} opens at {opens_at}, which has passed",
        level="warning",
        hint="to enter an old round as of its time, add --now TIME",
        params={"round": code, "opens_at": opens_at},
    )
    return ops.told(
        session,
        code,
        say(
            "drafted {round}: {packs:,} packs of {template}, {quota} yuan at most",
            round=code,
            packs=row["packs"],
            template=_pinned(row),
            quota=money.grouped(it.quota_fen),
        ),
        say("claims count from {opens_at} to {closes_at}", opens_at=opens_at, closes_at=closes_at),
        *more,
        say("next: voucher round plan {round}, then voucher round submit {round}", round=code),
        problems=((late,) if row["opens_at"] < session.now else ()) + problems,
    )


# ---------------------------------------------------------------- terms


def _terms(
    programme: Programme, pack: sqlite3.Row, given: Mapping[str, Any], usual: Mapping[str, Any]
) -> dict[str, Any]:
    """The columns of a round: what is given, else what is usual; refused when they do not fit
    together or the programme.
    """
    template = templates.value(pack)
    said = {
        "template_id": pack["template_id"],
        "mode": given["mode"],
        "packs": given["packs"],
        "opens_at": given["opens_at"],
        "closes_at": given["closes_at"],
        "registration_opens_at": given["registration_opens_at"],
        "platform": _stripped(given["platform"]),
        "resident_group": _stripped(given["group"]),
        "per_resident": given["per_resident"],
    }
    terms: dict[str, Any] = {
        column: usual.get(column) if said[column] is None else said[column] for column in COLUMNS
    }
    if terms["closes_at"] is None:
        terms["closes_at"] = packs_law.expires_at(template, terms["opens_at"], programme.time_zone)
    if terms["mode"] not in law.MODES:
        raise UsageFault(
            "unknown_mode",
            "there is no mode {mode}",
            hint="choose one of: {known}",
            mode=terms["mode"],
            known=", ".join(law.MODES),
        )
    check_funding(programme, template)
    _check_amounts(programme, terms, pack)
    check_times(programme, template, terms)
    if terms["platform"]:
        # reads YAML: only where there is a platform
        from vouchercli.ops.rounds import (
            issuance_orders,
        )

        issuance_orders.refuse_unfit(programme, template, terms)
    return terms


def _stripped(text: str | None) -> str | None:
    return None if text is None else text.strip()


def _pinned(row: sqlite3.Row) -> str:
    """The version that the round uses, whatever has been added since."""
    return f"{row['template']}@{row['version']}"


def check_funding(programme: Programme, template: Template) -> None:
    """Raise `foreign_funding`, with every fault, when the template names funders that the programme
    does not have.
    """
    faults = packs_law.strangers(template, programme)
    if faults:
        raise VoucherError(
            "foreign_funding",
            "template {template} does not fit programme {programme}: it is paid by others",
            hint="voucher programme show {programme}",
            template=template.template,
            programme=programme.programme,
            problems=[
                Problem(fault.code, fault.text, hint=fault.suggestion, params=fault.params)
                for fault in faults
            ],
        )


def _check_amounts(programme: Programme, terms: Mapping[str, Any], pack: sqlite3.Row) -> None:
    limit = programme.limits.packs_per_resident_per_round
    if terms["per_resident"] > limit:
        raise VoucherError(
            "above_limit",
            "{packs} packs for one resident: programme {programme} allows {limit} a round",
            hint="--per-resident {limit}, or change the programme's limits",
            packs=terms["per_resident"],
            programme=programme.programme,
            limit=limit,
        )
    if terms["packs"] * pack["pack_value_fen"] > money.MAX_FEN:
        raise VoucherError(
            "round_too_large",
            "{packs:,} packs of {value} yuan are more than any budget",
            hint="look at --packs again",
            packs=terms["packs"],
            value=money.grouped(pack["pack_value_fen"]),
        )


def check_times(programme: Programme, template: Template, terms: Mapping[str, Any]) -> None:
    """Raise unless opening, closing and registration are in order and no claim would get a voucher
    that is over.
    """
    zone = programme.time_zone
    opens_at, closes_at, registration = (
        terms["opens_at"],
        terms["closes_at"],
        terms["registration_opens_at"],
    )
    if template.validity.until and closes_at > times.parse(template.validity.until, zone):
        raise VoucherError(
            "closes_after_validity",
            "claims until {closes_at} would get vouchers that end at {until}",
            hint="--closes-at {until}, or a template with a later end",
            closes_at=times.shown(closes_at, zone),
            until=template.validity.until,
        )
    if closes_at <= opens_at:
        raise VoucherError(
            "closes_before_opening",
            "the round would close at {closes_at}, not after its opening at {opens_at}",
            hint="give a later --closes-at",
            closes_at=times.shown(closes_at, zone),
            opens_at=times.shown(opens_at, zone),
        )
    if registration is not None and registration >= opens_at:
        raise VoucherError(
            "registration_too_late",
            "registration would open at {registration}, not before the round at {opens_at}",
            hint="give an earlier --registration-opens",
            registration=times.shown(registration, zone),
            opens_at=times.shown(opens_at, zone),
        )


def _check_code(db: sqlite3.Connection, programme_id: int, code: str) -> None:
    """A new code: of our characters, and no other round's, not even in other case."""
    if not law.is_code(code):
        raise VoucherError(
            "bad_round_code",
            "{round} cannot be a round's code: letters, digits, - _ . (ASCII), 40 at most",
            hint="take {suggestion}",
            round=code,
            suggestion=law.suggested_code(code),
        )
    for standing in rounds.codes(db, programme_id):
        if standing.casefold() == code.casefold():
            raise VoucherError(
                "round_exists",
                "there is a round {standing} already",
                hint="voucher round show {standing}",
                standing=standing,
            )
