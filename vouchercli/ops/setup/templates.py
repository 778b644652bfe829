"""Add card-pack templates from their YAML, show, compare and check them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vouchercli.errors import UsageFault
from vouchercli.formats.configs import locate, yamls
from vouchercli.ops import lists
from vouchercli.ops.setup import configs
from vouchercli.ops.setup import template_tables as tables
from vouchercli.ops.setup.scope_words import find_unmatched
from vouchercli.result import JSON, Column, Outcome, Problem, Table, only, say
from vouchercli.rules import packs as packs_law
from vouchercli.rules import templates as rules
from vouchercli.rules import times
from vouchercli.store import audit, programmes
from vouchercli.store import db as files
from vouchercli.store import templates as store
from vouchercli.store.db import writing
from vouchercli.store.lists import of_rows

if TYPE_CHECKING:
    import sqlite3

    from vouchercli.documents import Fault
    from vouchercli.rules.programmes import Programme
    from vouchercli.rules.templates import Template
    from vouchercli.session import Session


# ---------------------------------------------------------------- add


def add_template(session: Session, name_or_path: str) -> Outcome:
    """Take in a template: a new one is version 1, a changed one the next version, the same content
    changes nothing.

    Raises `bad_yaml`, `unknown_config`.
    """
    template, document = configs.read_template(name_or_path)
    digest = configs.digest(template)
    with writing(session) as db:
        latest = store.find(db, template.template)
        row = store.save(db, template, document.value, digest, session.now)
        is_new = latest is None or row["version"] != latest["version"]
        if is_new:
            audit.note(
                session,
                "template.add",
                f"{template.template}@{row['version']}",
                file=document.name,
                digest=digest,
                before=store.document(latest) if latest is not None else None,
                after=document.value,
            )
    name = {"template": template.template, "version": row["version"]}
    if not is_new:
        says = say(
            "template {template} already exists: version {version} has the same content", **name
        )
    elif session.dry_run:
        says = say(
            "template {template} has no fault and would be version {version}; nothing was written"
            " (--dry-run)",
            **name,
        )
    else:
        says = say("template {template} is added as version {version}", **name)
    cautions = yamls.problems(
        (*_strangers(session, template), *_cautions(session, template)), document, "warning"
    )
    return Outcome(
        data={**tables.figures(template, _kinds(session, template)), **name, "added": is_new},
        problems=cautions,
        says=(says, say("next: voucher template check {template}", template=template.template)),
    )


# ---------------------------------------------------------------- list, show, history


WORTH = (Column("pack_value_fen", "pack value", "fen"), Column("floor", "floor", "ratio"))
MORE_WORTH = only(
    JSON,
    "floor_spend_fen",
    "pack_match_fen",
)
LISTED = (
    Column("template", "template"),
    Column("version", "version", "int"),
    Column("name", where=JSON),
    Column("coupons", "coupons", "int"),
    *WORTH,
    Column("rounds", "rounds", "int"),
    *MORE_WORTH,
)
SHIPPED = (
    Column("template", "template"),
    Column("name", "name"),
    Column("name_en", where=JSON),
    *WORTH,
    *MORE_WORTH,
)
HISTORY = (
    Column("version", "version", "int"),
    Column("added_at", "added at", "time"),
    *WORTH,
    Column("changed", "changed", "entry"),
    Column("rounds", "used by"),
    Column("digest", where=JSON),
    *MORE_WORTH,
)


def list_templates(session: Session, limit: int | None) -> Outcome:
    """The latest version of every template."""
    rows = [
        {**dict(row), "name": template.name.zh, **tables.worth(template, _kinds(session, template))}
        for row in store.list_latest(session.db)
        for template in [store.value(row)]
    ]
    none = say("there is no template yet; next: voucher template add universal-5x10")
    table = Table(say("Templates"), LISTED, (), key="templates", optional=True)
    return replace(lists.show(table, of_rows(rows), limit), says=() if rows else (none,))


def shipped_templates(limit: int | None) -> Outcome:
    """The names that `template add` accepts: the files of ./configs and those shipped with the
    program.
    """
    templates = [configs.read_template(name)[0] for name in locate.names("templates")]
    rows = [
        {
            "template": t.template,
            "name": t.name.zh,
            "name_en": t.name.en,
            **tables.worth(t, rules.kinds_by_name(t)),
        }
        for t in templates
    ]
    title = say("Templates that can be added by name")
    return lists.show(Table(title, SHIPPED, (), key="shipped"), of_rows(rows), limit)


def show_template(session: Session, reference: str) -> Outcome:
    """One version (CODE@VERSION, or the latest): every field, and what a pack is worth. Raises
    `unknown_template`, `unknown_version`.
    """
    row = store.referenced(session.db, reference)
    template = store.value(row)
    data = {
        **tables.figures(template, _kinds(session, template)),
        "version": row["version"],
        "added_at": times.iso(row["added_at"], _zone(session)),
        "rounds": store.rounds(session.db, row["template_id"]),
    }
    return Outcome(
        data=data,
        tables=(
            tables.fields_table(template, row["version"]),
            tables.pack_table(template, _kinds(session, template)),
        ),
    )


def template_history(session: Session, template: str) -> Outcome:
    """Every version, what changed in it, and the rounds that use it. Raises `unknown_template`."""
    rows = store.versions(session.db, template)
    values = [store.value(row) for row in rows]
    lines = [
        {
            **dict(row),
            **tables.worth(value, _kinds(session, value)),
            "changed": [field for field, _, _ in packs_law.changes(before, value)],
            "rounds": store.rounds(session.db, row["template_id"]),
        }
        for row, before, value in zip(rows, values[:1] + values, values, strict=False)
    ]
    title = say("History of {template}", template=template)
    return Outcome(
        {"template": template},
        (Table(title, HISTORY, lines, zone=_zone(session), key="versions"),),
    )


# ---------------------------------------------------------------- diff


def diff_templates(session: Session, one: str, other: str | None) -> Outcome:
    """Field by field. `one` is CODE[@VERSION]; `other` a CODE[@VERSION], a version of the same
    template, or None: then the latest version (or `one`) is compared with the version before it.
    """
    before, after = _pair(session.db, one, other)
    changes = packs_law.changes(store.value(before), store.value(after))
    names = {
        "before": f"{before['template']}@{before['version']}",
        "after": f"{after['template']}@{after['version']}",
    }
    rows = tuple({"field": field, "before": left, "after": right} for field, left, right in changes)
    columns = (
        Column("field", "field", "entry"),
        Column("before", names["before"], "entry", verbatim=True),
        Column("after", names["after"], "entry", verbatim=True),
    )
    says = () if rows else (say("{before} and {after} have the same content", **names),)
    title = say("From {before} to {after}", **names)
    return Outcome(names, (Table(title, columns, rows, key="changes", optional=True),), says)


def _pair(db: sqlite3.Connection, one: str, other: str | None) -> tuple[sqlite3.Row, sqlite3.Row]:
    first = store.referenced(db, one)
    if other is None:
        if first["version"] == 1:
            raise UsageFault(
                "nothing_to_compare",
                "template {template} has no version before this one",
                hint="voucher template diff {template} OTHER",
                template=first["template"],
            )
        return store.named(db, first["template"], first["version"] - 1), first
    if other.lstrip("@").isdigit():
        return first, store.named(db, first["template"], int(other.lstrip("@")))
    return first, store.referenced(db, other)


# ---------------------------------------------------------------- check


def check_template(session: Session | None, reference: str, packs: int | None) -> Outcome:
    """What a pack is worth and can cost, and what to know before using it. `reference`: a file,
    CODE[@VERSION] of the database, or a shipped name; without a database (`session` None) only the
    first and the last.

    status is "failed" when the chosen programme lacks a funder that the template names.
    """
    template, name, problems = _check(session, reference)
    worth = tables.worth(template, _kinds(session, template))
    data = {
        **tables.figures(template, _kinds(session, template)),
        "checked": name,
        "packs": packs,
        "largest_liability_fen": packs * worth["pack_value_fen"] if packs else None,
        "largest_match_fen": packs * worth["pack_match_fen"] if packs else None,
    }
    rows = [
        ("pack value", data["pack_value_fen"], None),
        ("floor spend", data["floor_spend_fen"], None),
        ("floor leverage", None, data["floor"]),
        ("largest match of a pack", data["pack_match_fen"], None),
        ("largest liability of all packs", data["largest_liability_fen"], None),
        ("largest match of all packs", data["largest_match_fen"], None),
    ]
    figures = tuple(
        {"figure": label, "amount_fen": amount, "ratio": ratio}
        for label, amount, ratio in rows
        if amount or ratio
    )
    table = Table(
        say("Check of {template}", template=name),
        (
            Column("figure", "figure", "word"),
            Column("amount_fen", "amount", "fen"),
            Column("ratio", "ratio", "ratio"),
        ),
        figures,
    )
    is_failed = any(problem.level == "error" for problem in problems)
    says = () if problems else (say("no fault and nothing to note"),)
    return Outcome(
        data=data,
        tables=(tables.pack_table(template, _kinds(session, template)), table),
        problems=problems,
        says=says,
        status="failed" if is_failed else "ok",
    )


def _check(session: Session | None, reference: str) -> tuple[Template, str, tuple[Problem, ...]]:
    """The template, its name, and the remarks on it."""
    code = reference.partition("@")[0]
    is_kept = (
        session is not None
        and not Path(reference).is_file()
        and ("@" in reference or store.find(session.db, code) is not None)
    )
    if session is not None and is_kept:
        row = store.referenced(session.db, reference)
        template, document, name = store.value(row), None, f"{row['template']}@{row['version']}"
    else:
        template, document = configs.read_template(reference)
        name = template.template
    strangers = yamls.problems(_strangers(session, template), document)
    return (
        template,
        name,
        strangers + yamls.problems(_cautions(session, template), document, "warning"),
    )


def _cautions(session: Session | None, template: Template) -> tuple[Fault, ...]:
    """What is lawful but should be known, of the template and beside the registry."""
    own = packs_law.cautions(template, _kinds(session, template))
    return own if session is None else (*own, *find_unmatched(session.db, template))


def _strangers(session: Session | None, template: Template) -> tuple[Fault, ...]:
    """Funders of the template that the chosen programme lacks; none when no programme is chosen, or
    it has no funders at all.
    """
    programme = _programme(session)
    return rules.strangers(template, programme) if programme and programme.funders else ()


def _programme(session: Session | None) -> Programme | None:
    """The programme that is meant; None when nothing says which."""
    row = programmes.meant(session.db, session.programme) if session else None
    return None if row is None else programmes.value(row)


def _kinds(session: Session | None, template: Template) -> dict[str, str]:
    """funder -> kind: as the chosen programme says, else by the funders' names."""
    programme = _programme(session)
    return rules.kinds_by_name(template) | (programme.kinds if programme else {})


# ---------------------------------------------------------------- shared by the answers above


def _zone(session: Session) -> str:
    return files.zone(session.db, session.programme)
