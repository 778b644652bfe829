"""Load a programme from its YAML, and show what is loaded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.documents import Fault
from vouchercli.errors import VoucherError
from vouchercli.formats.configs import locate, yamls
from vouchercli.ops import lists
from vouchercli.ops.setup import closed, configs, programme_changes, staff
from vouchercli.ops.setup import programme_tables as tables
from vouchercli.result import JSON, SHOWN, Column, Message, Outcome, Problem, Table, Word, say
from vouchercli.rules import doors, limit_words, times
from vouchercli.rules import programme_changes as law
from vouchercli.rules import programmes as rules
from vouchercli.rules import staff as people
from vouchercli.store import audit, claim_limits, ledger, proposals
from vouchercli.store import programmes as store
from vouchercli.store.db import writing
from vouchercli.store.lists import of_rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from vouchercli.formats.configs.yamls import Document
    from vouchercli.rules.programmes import Programme
    from vouchercli.session import Session


# ---------------------------------------------------------------- load


def load_programme(session: Session, name_or_path: str, note: str = "") -> Outcome:
    """Take in a programme, or its changes: funds are posted by their difference. The same content
    again changes nothing.

    What is about money or people waits for others (see programme_changes.py) once approved rounds
    rest on the programme. Raises `bad_yaml`, `unknown_config`, `programme_in_use` (a change that
    would break what depends on it), `change_waiting`, `note_needed` (limits that hold from before
    now, without a `note`).
    """
    programme, document = configs.read_programme(name_or_path)
    return change_programme(session, programme, document, note)


def change_programme(
    session: Session,
    programme: Programme,
    document: Document,
    note: str = "",
    command: str = "programme load",
) -> Outcome:
    """The same of a document that is read already, by that command."""
    digest = configs.digest(programme)
    with writing(session) as db:
        row = store.find(db, programme.programme)
        before = store.value(row) if row is not None else None
        if before == programme:
            return Outcome(
                data=_loaded_data(programme, "unchanged"),
                says=(
                    say(
                        "programme {programme} is already loaded and the file has no change",
                        programme=programme.programme,
                    ),
                ),
            )
        if row is not None and before is not None:
            staff.require(session, before, doors.DOOR[command])
            closed.require_open(db, row)
            if programme_changes.is_already_waiting(db, row, digest):
                return Outcome(
                    data=_loaded_data(programme, "waiting"),
                    says=(
                        say(
                            "this change of {programme} waits for approval already; nothing was"
                            " changed",
                            programme=programme.programme,
                        ),
                    ),
                )
            programme_changes.refuse_obstacles(db, row["programme_id"], before, programme, document)
            if programme_changes.must_wait(db, row["programme_id"], before, programme):
                programme_changes.require_note(session, before, programme, note)
                return programme_changes.propose(
                    session, row, before, programme, document, digest, note
                )
            _refuse_new_staff(session, before, programme)
        programme_changes.put_in_place(session, before, programme, document.value, digest)
        audit.note(
            session,
            "programme.load",
            programme.programme,
            file=document.name,
            digest=digest,
            **({"note": note} if note else {}),
            before=store.document(row) if row is not None else None,
            after=document.value,
        )
        held = () if before else _hold_unseen(session, store.named(db, programme.programme))
    return Outcome(
        data=_loaded_data(programme, "changed" if before else "loaded"),
        says=_next(session, programme, before),
        problems=yamls.problems(
            (
                *rules.cautions(programme),
                *_unknown_across(session, programme),
                *_unknown_words(session, programme),
            ),
            document,
            "warning",
        )
        + held,
    )


def _hold_unseen(session: Session, row: sqlite3.Row) -> tuple[Problem, ...]:
    from vouchercli.ops.setup import unseen_accounts  # of a new programme alone

    return unseen_accounts.hold(session, row)


def _unknown_across(session: Session, programme: Programme) -> Iterator[Fault]:
    """Programmes that its limits count and that the file does not hold: yet, or by a slip."""
    for place, code in enumerate(programme.limits.across):
        if store.find(session.db, code) is None:
            yield Fault(
                ("limits", "across", place),
                "unknown_across",
                "there is no programme {code} in this file: nothing of it counts until it is"
                " loaded",
                "voucher programme list",
                {"code": code},
            )


def _unknown_words(session: Session, programme: Programme) -> Iterator[Fault]:
    """Words of its limits that no round, template or kind goes by: yet, or by a slip."""
    known = claim_limits.words(session.db, programme.programme)
    for path, word in limit_words.words(programme.limits):
        if word not in known:
            yield Fault(
                ("limits", *path),
                "unknown_word",
                "no round, template or kind of template is called {word} yet: nothing counts under"
                " this limit until one is",
                "write the code of a round or template, or `kind: {word}` in templates",
                {"word": word},
            )


def _refuse_new_staff(session: Session, before: Programme, after: Programme) -> None:
    """Who checks, and how many must, is not for a maker to change: the file would be a way round
    the second pair of eyes. Where nobody checks, there is no other way to name somebody who does.
    """
    if law.is_about_staff(before, after) and people.has_checkers(before):
        try:
            staff.require_checker(session, before)
        except VoucherError as error:
            raise VoucherError(
                "staff_change",
                "only a checker of programme {programme} may change its staff, approvals and"
                " logins",
                hint="ask a checker ({checkers}) to load it with --actor NAME",
                programme=before.programme,
                checkers=people.named(before, "checker"),
            ) from error


def _loaded_data(programme: Programme, what: str) -> dict[str, Any]:
    return {
        "programme": programme.programme,
        "result": what,
        "funders": [
            {
                "funder": funder.funder,
                "kind": funder.kind,
                "amount_fen": funder.amount_fen,
                "returned_fen": funder.returned_fen,
            }
            for funder in programme.funders
        ],
        "published": len(programme.published),
    }


def _next(session: Session, programme: Programme, before: Programme | None) -> tuple[Message, ...]:
    code = programme.programme
    if session.dry_run:
        return (
            say(
                "programme {programme} has no fault; nothing was written (--dry-run)",
                programme=code,
            ),
        )
    message = (
        say("programme {programme} is changed", programme=code)
        if before
        else say("programme {programme} is loaded", programme=code)
    )
    if not programme.funders:
        return (
            message,
            say(
                "it has published figures only: voucher programme show {programme}", programme=code
            ),
        )
    return (message, say("next: voucher template list --shipped, then voucher template add NAME"))


# ---------------------------------------------------------------- show and list


def show_programme(session: Session, code: str | None) -> Outcome:
    """One programme: its rules, its funds with what is uncommitted and committed, and what others
    published. Raises as `current`.
    """
    row = store.current(session.db, code or session.programme)
    programme = store.value(row)
    waiting = proposals.waiting(session.db, programme_changes.subject(row))
    closed_on = closed.closed_on(session.db, row)
    return Outcome(
        data={
            **tables.rules_data(programme),
            "loaded_at": times.iso(row["loaded_at"], programme.time_zone),
            "waiting": programme_changes.describe(session.db, row, waiting) if waiting else None,
            "closed_on": closed_on and times.day_text(closed_on),
        },
        tables=(
            tables.rules_table(programme, row["loaded_at"]),
            tables.bands_table(programme),
            tables.refunds_table(programme),
            tables.funds_table(programme, _funds(session.db, row["programme_id"])),
            tables.declared_table(programme),
            tables.published_table(programme),
            *([programme_changes.table(session.db, row, waiting)] if waiting else []),
        ),
        says=closed.say_closed(session.db, row),
    )


def _funds(db: sqlite3.Connection, programme_id: int) -> list[tables.Fund]:
    """Each funder with its balances."""

    funds = []
    for row in store.funders(db, programme_id):
        stands = ledger.balances(db, row["funder_id"])
        is_watched = row["amount_fen"] is not None
        balances = (stands.uncommitted, stands.of_rounds) if is_watched else (None, None)
        amounts = (row["amount_fen"], *balances, stands.returned)
        funds.append(tables.Fund(row["funder"], row["kind"], *amounts))
    return funds


LOADED = (
    Column("programme", "programme"),
    Column("name", "name"),
    Column("funders", "funders", "int"),
    Column("amount_fen", "appropriated", "fen"),
    Column("uncommitted_fen", "uncommitted", "fen"),
    Column("current", "current", "word", where=SHOWN),
    Column("is_current", where=JSON),
    Column("time_zone", where=JSON),
    Column("loaded_at", where=JSON),
)
SHIPPED = (
    Column("programme", "programme"),
    Column("name", "name"),
    Column("name_en", "name (en)"),
)


def list_programmes(session: Session, limit: int | None) -> Outcome:
    """Every programme of the file, in the order of loading."""
    every = store.all_loaded(session.db)
    meant = store.meant(session.db, session.programme)
    current = meant and meant["programme_id"]
    rows = [_line(session.db, row, is_current=row["programme_id"] == current) for row in every]
    none = say("no programme is loaded yet; next: voucher programme list --shipped")
    table = Table(say("Programmes"), LOADED, (), key="programmes", optional=True)
    return replace(lists.show(table, of_rows(rows), limit), says=() if rows else (none,))


def _line(db: sqlite3.Connection, row: sqlite3.Row, *, is_current: bool) -> dict[str, Any]:
    programme, zone = store.value(row), row["time_zone"]
    funds = _funds(db, row["programme_id"])
    return {
        "programme": row["programme"],
        "name": programme.name.zh,
        "funders": len(funds),
        "is_current": is_current,
        "current": Word("yes") if is_current else "",
        "time_zone": zone,
        "amount_fen": _sum(fund.amount_fen for fund in funds),
        "uncommitted_fen": _sum(fund.uncommitted_fen for fund in funds),
        "loaded_at": times.iso(row["loaded_at"], zone),
    }


def _sum(amounts: Iterable[int | None]) -> int | None:
    """The watched funds together; None when none is watched."""
    watched = [fen for fen in amounts if fen is not None]
    return sum(watched) if watched else None


def shipped_programmes(limit: int | None) -> Outcome:
    """The names that `programme load` accepts: the files of ./configs and those shipped with the
    program.
    """
    programmes = [configs.read_programme(name)[0] for name in locate.names("programmes")]
    rows = tuple(
        {"programme": p.programme, "name": p.name.zh, "name_en": p.name.en} for p in programmes
    )
    title = say("Programmes that can be loaded by name")
    outcome = lists.show(Table(title, SHIPPED, (), key="shipped"), of_rows(rows), limit)
    following = say("next: voucher programme load NAME, or a file of your own")
    return replace(outcome, says=(following,))
