"""voucher template add | list | show | diff | history | check | export"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli.options import Call, To, command, verbs
from vouchercli.ops.setup import exports, templates
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()

Reference = Annotated[
    str,
    typer.Argument(
        metavar="CODE[@VERSION]", help="A template of the database; without @VERSION its latest."
    ),
]


@command(app, "add", epilog="Example: voucher template add universal-5x10")
def add(
    session: Session,
    name_or_file: Annotated[
        str, typer.Argument(metavar="NAME|FILE", help="A shipped name, or a YAML file of your own.")
    ],
) -> Outcome:
    """Add a template, or the next version of one."""
    return templates.add_template(session, name_or_file)


@command(app, "list", epilog="Example: voucher template list --shipped", is_list=True)
def list_(
    call: Call,
    *,
    limit: int | None,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Instead: the templates that can be added by name.")
    ] = False,
) -> Outcome:
    """List the templates, each in its latest version."""
    if shipped:
        return templates.shipped_templates(limit)
    with call.session() as session:
        return templates.list_templates(session, limit)


@command(app, "show", epilog="Example: voucher template show universal-5x10@1")
def show(session: Session, reference: Reference) -> Outcome:
    """Show every field of a template and what a pack is worth."""
    return templates.show_template(session, reference)


@command(app, "diff", epilog="Example: voucher template diff hangzhou-draft-10 hangzhou-draft-5")
def diff(
    session: Session,
    reference: Reference,
    other: Annotated[
        Optional[str],
        typer.Argument(
            metavar="[OTHER]", help="CODE[@VERSION] or a version; else the version before."
        ),
    ] = None,
) -> Outcome:
    """Compare two templates or two versions, field by field."""
    return templates.diff_templates(session, reference, other)


@command(app, "history", epilog="Example: voucher template history universal-5x10")
def history(
    session: Session,
    code: Annotated[str, typer.Argument(metavar="CODE", help="A template of the database.")],
) -> Outcome:
    """Show every version of a template and the rounds that use it."""
    return templates.template_history(session, code)


@command(app, "check", epilog="Example: voucher template check universal-5x10 --packs 2000000")
def check(
    call: Call,
    reference: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE|CODE[@VERSION]",
            help="A YAML file, a template of the database, or a shipped name.",
        ),
    ],
    packs: Annotated[
        Optional[int],
        typer.Option("--packs", min=1, metavar="N", help="Also what N packs can cost."),
    ] = None,
) -> Outcome:
    """Show what a pack is worth, what it can cost and what to note."""
    if not call.db_path.exists():  # a draft can be checked before there is a database
        return templates.check_template(None, reference, packs)
    with call.session() as session:
        return templates.check_template(session, reference, packs)


@command(app, "export", epilog="Example: voucher template export universal-5x10 > my.yaml")
def export(
    call: Call,
    reference: Annotated[
        str,
        typer.Argument(
            metavar="CODE[@VERSION]|NAME", help="A template of the database, or a shipped name."
        ),
    ],
    to: To = None,
) -> Outcome:
    """Print it as YAML, to be changed and added again."""
    if not call.db_path.exists():  # shipped names are there before a database is
        return exports.export_template(None, reference, to)
    with call.session() as session:
        return exports.export_template(session, reference, to)
