"""The rules of an audit package: every version of the programme and of its templates as YAML, with
the moment from which it held, and the law that rows are held to.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.formats.written import yaml_texts
from vouchercli.formats.written.formulas import disarm
from vouchercli.ops.answers import answer
from vouchercli.ops.auditing.package_tables import as_json
from vouchercli.ops.proof.law import show_law
from vouchercli.rules import times
from vouchercli.store import packaged, programmes

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from vouchercli.formats.written.packages import Package
    from vouchercli.result import Outcome
    from vouchercli.session import Session

PROGRAMMES = ("version", "file", "digest", "held_from", "entered_at", "by")
TEMPLATES = ("template", "version", "file", "digest", "added_at", "rounds")


class Version(NamedTuple):
    """A version of a programme: since when it holds and when it was entered (UTC seconds), by
    whom, its digest ('': not logged) and its document.
    """

    at: int
    entered_at: int
    actor: str
    digest: str
    document: Any


def write(
    session: Session,
    row: sqlite3.Row,
    render: Callable[[Outcome, str, str], bytes],
    package: Package,
) -> None:
    """Write the programme (`row`) and the templates in all their versions, and the law."""
    zone = row["time_zone"]
    listed = []
    for number, each in enumerate(versions(session, row), 1):
        file = f"rules/programmes/{row['programme']}@{number}.yaml"
        package.write(file, yaml_texts.of_document(each.document).encode())
        moments = (times.iso(each.at, zone), times.iso(each.entered_at, zone))
        listed.append((str(number), file, each.digest, *moments, disarm(each.actor)))
    package.write_table("rules/programmes.csv", PROGRAMMES, listed)
    package.write_table("rules/templates.csv", TEMPLATES, [*_templates(session, row, package)])
    law = show_law()
    package.write("rules/law.json", as_json(answer(law)))
    for language in ("en", "zh"):
        package.write(f"rules/law.{language}.md", render(law, "md", language))


def versions(session: Session, row: sqlite3.Row) -> list[Version]:
    """The versions of the programme in the order in which they came into force; the last one is
    the one in force.
    """
    found = []
    for at, entered_at, actor, detail in packaged.programme_versions(session.db, row["programme"]):
        told = json.loads(detail)
        found.append(Version(at, entered_at, actor, told.get("digest", ""), told["after"]))
    current = programmes.document(row)
    if found:  # the log hides what looks like a person's number; the programme itself has it
        last = found.pop()
        return [*found, last._replace(digest=row["digest"], document=current)]
    return [Version(row["loaded_at"], row["loaded_at"], "", row["digest"], current)]


def _templates(session: Session, row: sqlite3.Row, package: Package) -> Iterator[tuple[str, ...]]:
    for each in packaged.template_versions(session.db, row["programme_id"]):
        file = f"rules/templates/{each.template}@{each.version}.yaml"
        package.write(file, yaml_texts.of_document(json.loads(each.document)).encode())
        added = times.iso(each.added_at, row["time_zone"])
        about = (each.template, str(each.version), file, each.digest, added)
        yield (*about, each.rounds or "")
