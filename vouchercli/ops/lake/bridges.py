"""Names of districts and industries as the national standards have them, beside a lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.formats.configs import divisions, industries
from vouchercli.ops.lake.engines import answer
from vouchercli.result import Message, say
from vouchercli.rules import bridges as rules
from vouchercli.store import lake_queries as sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vouchercli.ops.lake.engines import Engine
    from vouchercli.ops.reports.dimensions import By

MOST = 20  # names that are named


def lay(engine: Engine, by: By) -> None:
    """Lay down what each name is bridged to."""
    engine.rows(
        "asked_industries",
        sql.INDUSTRIES,
        [
            (name, *[key if each == "section" else "" for each in (*by, "")[:2]])
            for name, key in _sections(engine)
        ],
    )
    engine.rows(
        "asked_districts",
        sql.DISTRICTS,
        [
            (city, name, *[key if each == "county" else "" for each in (*by, "")[:2]])
            for city, name, key in _counties(engine)
        ],
    )


def _sections(engine: Engine) -> Iterator[tuple[str, str]]:
    """Each industry with its section, letter and name: `H 住宿和餐饮业`."""
    standard = industries.standard()
    for (name,) in answer(engine, sql.ALL_INDUSTRIES):
        found = rules.section(name, standard.codes, standard.names)
        yield name, f"{found} {standard.sections[found]}" if found else ""


def _counties(engine: Engine) -> Iterator[tuple[str, str, str]]:
    names, successors = divisions.names_in_force(), divisions.successors_of_retired()
    for city, name in answer(engine, sql.ALL_DISTRICTS):
        yield city, name, rules.county(city, name, names, successors)


def without_match(engine: Engine, by: By) -> Iterator[Message]:
    """Which names have no match in the standards: they stand under none."""
    if "section" in by:
        lost = [name for name, key in _sections(engine) if name and not key]
        if lost:
            yield say(
                "No section of GB/T 4754 for: {names}; they stand under (no match).",
                names=", ".join(lost[:MOST]),
            )
    if "county" in by:
        lost = [f"{city}/{name}" for city, name, key in _counties(engine) if name and not key]
        if lost:
            yield say(
                "No code of GB/T 2260 for: {names}; they stand under (no match).",
                names=", ".join(lost[:MOST]),
            )


def name_of(code: str) -> str:
    """The name of a city, province or county by its code; '': it has none."""
    return divisions.names_in_force().get(code, "")
