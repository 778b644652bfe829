"""lake check, lake list: every file, sum and seal of a lake; its cities and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.ops.lake import folders
from vouchercli.ops.lake.library import needed
from vouchercli.result import JSON, Column, Outcome, Problem, Table, Word, say
from vouchercli.rules import lake as rules
from vouchercli.rules import times

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from vouchercli.ops.lake.folders import Found
    from vouchercli.rules.lake import File

CITIES = (
    Column("city", "City"),
    Column("name", "Name"),
    Column("programme", "Programme"),
    Column("first_day", "From", "date"),
    Column("day", "Up to", "date"),
    Column("behind", "Days behind", "int"),
    Column("files", "Files", "int"),
    Column("rows", "Rows", "int"),
    Column("bytes", "Bytes", "int"),
    Column("state", "State", "word"),
    Column("head", where=JSON),
    Column("exported_at", "", "time", where=JSON),
)
HELD, BROKEN, NOTHING = Word("holds"), Word("does not hold"), Word("nothing there")
THERE, REHEARSAL = Word("there"), Word("rehearsal")


def check_lake(root: Path) -> Outcome:
    """Prove every file, row count and sum of a lake, that its days are sealed in a chain, and that
    payments and claims come to what the seals say. Raises `VoucherError` no_lake, library_missing.
    """
    needed()
    some, problems = folders.found(root)
    rows = []
    for each in some:
        faults = [*_faults(each)]
        problems += faults
        is_broken = any(fault.level == "error" for fault in faults)
        rows.append(_row(each, some, BROKEN if is_broken else HELD))
    errors = sum(each.level == "error" for each in problems)
    says = () if errors else (say("every file, sum and seal of the lake holds"),)
    return Outcome(
        {"folder": str(root), "cities": len({each.manifest.city for each in some})},
        (Table(say("Lake {folder}", folder=str(root)), CITIES, rows, key="programmes"),),
        says,
        tuple(problems),
        "failed" if errors else "ok",
    )


def list_lake(root: Path, expected: Sequence[str]) -> Outcome:
    """The cities of a lake: from when, up to when, how far behind the first of them; `expected` are
    codes of cities that should be there. Raises `VoucherError` no_lake.
    """
    some, problems = folders.found(root)
    rows = [_row(each, some, REHEARSAL if each.manifest.is_rehearsal else THERE) for each in some]
    missing = sorted({*expected} - {each.manifest.city for each in some})
    nothing = dict.fromkeys(column.key for column in CITIES)
    rows += [{**nothing, "city": code, "state": NOTHING} for code in missing]
    problems += [missing_city(code) for code in missing]
    return Outcome(
        {"folder": str(root), "missing": missing},
        (Table(say("Lake {folder}", folder=str(root)), CITIES, rows, key="programmes"),),
        () if rows else (say("nothing lies in this lake yet"),),
        tuple(problems),
        "partial" if problems else "ok",
    )


def missing_city(code: str) -> Problem:
    """A city that should be there and is not."""
    return Problem(
        "lake_missing",
        "nothing of city {city} lies in the lake",
        hint="ask city {city}: voucher lake export DIR --city {city}",
        params={"city": code},
    )


def _row(each: Found, some: Sequence[Found], state: Word) -> dict[str, Any]:
    manifest = each.manifest
    newest = max(other.manifest.day for other in some)
    return {
        "city": manifest.city,
        "name": manifest.name,
        "programme": manifest.programme,
        "first_day": manifest.first_day,
        "day": manifest.day,
        "behind": (times.as_date(newest) - times.as_date(manifest.day)).days,
        "files": len(manifest.files),
        "rows": sum(file.rows for file in manifest.files),
        "bytes": sum(file.bytes for file in manifest.files),
        "state": state,
        "head": manifest.head,
        "exported_at": manifest.exported_at,
    }


def _faults(each: Found) -> Iterator[Problem]:
    """What does not hold of a programme: its files first; its chain only where they do."""
    broken = [problem for file in each.manifest.files for problem in _fault(each, file)]
    yield from broken
    if not broken:
        yield from _chain(each)
    for path in folders.strays(each):
        yield Problem(
            "lake_stray",
            "no manifest names this file: it is not read",
            str(each.folder / path),
            "an export was stopped; it can be deleted",
            level="warning",
        )


def _fault(each: Found, file: File) -> Iterator[Problem]:
    from vouchercli.formats.columnar import lake_files

    path = each.folder / file.path
    hint = "ask city {city} for its files again"
    about: dict[str, Any] = {"city": each.manifest.city}
    try:
        found = lake_files.digest(path)
        if found != (file.bytes, file.sha256):
            text = "it is not the file that was exported: its digest differs"
            yield Problem("lake_digest", text, str(path), hint, params=about)
            return
        rows, sums = lake_files.measured(path, each.manifest.tables[file.table])
    except FileNotFoundError:
        text = "the manifest names it, and it is not there"
        yield Problem("lake_file_missing", text, str(path), hint, params=about)
        return
    except (OSError, ValueError):
        text = "it cannot be read as the table that it should be"
        yield Problem("lake_file_damaged", text, str(path), hint, params=about)
        return
    if (rows, sums) != (file.rows, file.sums):
        names = [name for name, value in sums.items() if value != file.sums.get(name)]
        text = "{what} is not what the manifest says"
        params = about | {"what": ", ".join(names) or "rows"}
        yield Problem("lake_sums", text, str(path), hint, params=params)


def _chain(each: Found) -> Iterator[Problem]:
    """The seals follow one another up to the head, and what was booked is what they say."""
    from vouchercli.formats.columnar import lake_files

    manifest = each.manifest
    days = lake_files.rows(each.paths("days"), ["day"])
    hint = "ask city {city}: voucher day list, voucher check"
    broken = rules.chain(days, manifest.programme, manifest.head)
    if broken is not None:
        about = {"city": manifest.city, "day": times.day_text(broken) if broken else "-"}
        text = "the seal of {day} does not follow from the day before it and its sums"
        yield Problem("lake_chain", text, str(each.folder), hint, params=about)
        return
    if manifest.since:  # what came later of days before it is not here
        return
    paid = lake_files.booked_sums(
        each.paths("payments"), ("facts", "reversed", "base_fen", "subsidy_fen")
    )
    claimed = lake_files.booked_sums(each.paths("claims"), ("claims", "reversed"))
    none = dict.fromkeys(("facts", "claims", "reversed", "base_fen", "subsidy_fen"), 0)
    for day in days:
        on = day["day"]
        what = rules.not_as_sealed(day, paid.get(on, none), claimed.get(on, none))
        if what:
            about = {"city": manifest.city, "day": times.day_text(on), "what": what}
            text = "of {day}, {what} is not what the seal says"
            yield Problem("lake_not_sealed", text, str(each.folder), hint, params=about)
