"""lake export: a city's sealed days as Parquet files that no later export changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.formats import whole_files
from vouchercli.ops.lake import snapshots
from vouchercli.ops.lake.folders import read_manifest
from vouchercli.ops.lake.library import needed
from vouchercli.result import DATA, Column, Outcome, Table, say
from vouchercli.rules import days as law
from vouchercli.rules import figures, times
from vouchercli.rules import lake as rules
from vouchercli.store import days, programmes, segments
from vouchercli.store import lake as store
from vouchercli.store import reports as of_reports
from vouchercli.store.db import reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vouchercli.formats.columnar.lake_files import Draft, Lookup
    from vouchercli.rules.lake import File, Manifest
    from vouchercli.session import Session
    from vouchercli.store.days import Day
    from vouchercli.store.lake import Booked

FILES = (
    Column("table", "Table"),
    Column("month", "Month"),
    Column("first", "First day", "date"),
    Column("last", "Last day", "date"),
    Column("rows", "Rows", "int"),
    Column("bytes", "Bytes", "int"),
    Column("path", "File", where=DATA),  # too long for a screen: table, last day and seal
)
PAID = ("day", "round_id", "coupon", "channel", "segment_id", "merchant_id", "split")
FEWEST_RESIDENTS = 10  # of a count, where nothing else is asked for
COUNTED = ("facts", "reversed", *rules.SUMS)


class Place(NamedTuple):
    """Where a programme of a city lies in a lake, what the lake has of it (None: nothing), and what
    is to be written.
    """

    folder: Path
    before: Manifest | None
    since: int  # yyyymmdd; 0: from the first day
    head: Day
    new: list[Booked]
    least: int

    @property
    def stem(self) -> str:
        """What the names of new files end in: the same days have the same names."""
        return f"{self.head.day}-{self.head.sha256[:8]}"


def export_lake(
    session: Session, root: Path, city: str | None, *, since: int | None, min_cell: int | None
) -> Outcome:
    """Write the sealed days of the programme that the lake does not have yet, of days from `since`
    (yyyymmdd) on. `city` is the code in GB/T 2260; counts of fewer residents than `min_cell` are
    left out (None: as in the export before). Raises `UsageFault` no_city_code, `VoucherError`
    nothing_sealed, lake_other_chain, lake_since, lake_min_cell, library_missing, unwritable_file,
    and as `read_manifest`.
    """
    if city is None or not figures.CITY.fullmatch(city):
        raise UsageFault(
            "no_city_code",
            "a lake needs the code of the city: six digits",
            hint="add --city with the code of GB/T 2260: 330100 is Hangzhou",
        )
    needed()
    with reading(session):
        row = programmes.current(session.db, session.programme)
        folder = root.joinpath(*rules.folder(city, row["programme"]))
        place = _place(session, row, folder, since, min_cell)
        manifest, added = place.before, list[rules.File]()
        if place.new and not session.dry_run:
            try:
                manifest, added = _write(session, row, city, place)
            except OSError as error:
                raise whole_files.unwritable(place.folder, error) from error
    return _answer(session, place, manifest, added)


def _place(
    session: Session, row: Any, folder: Path, since: int | None, min_cell: int | None
) -> Place:
    """What the lake has, and what it lacks."""
    every = [*store.booked(days.in_order(session.db, row["programme_id"]))]
    if not every:
        raise VoucherError(
            "nothing_sealed",
            "no day of {programme} is sealed, and a lake holds sealed days only",
            hint="voucher day close",
            programme=row["programme"],
        )
    before = read_manifest(folder)
    known = {each.day.day: each.day.sha256 for each in every}
    if before is not None and known.get(before.day) != before.seal:
        raise VoucherError(
            "lake_other_chain",
            "what lies in {folder} does not come from these books: they have no {head}",
            hint="name another folder, or move this one away; voucher day list",
            folder=str(folder),
            head=before.head,
        )
    if before is not None and since not in (None, before.since):
        raise VoucherError(
            "lake_since",
            "the lake has {programme} from {since} on; that cannot be changed",
            hint="leave out --since, or name a new folder",
            programme=row["programme"],
            since=times.day_text(before.since or before.first_day),
        )
    from_day = before.since if before is not None else since or 0
    have = before.day if before is not None else 0
    new = [each for each in every if each.day.day > have and each.day.day >= from_day]
    if not new and before is None:
        raise VoucherError(
            "nothing_sealed",
            "no day from {since} on is sealed: the last one is {last}",
            hint="an earlier --since, or voucher day close",
            since=times.day_text(from_day),
            last=times.day_text(every[-1].day.day),
        )
    return Place(folder, before, from_day, every[-1].day, new, _least(before, min_cell))


def _least(before: Manifest | None, asked: int | None) -> int:
    """The limit of counts of residents: what a lake has left out no later export tells."""
    if before is None:
        return FEWEST_RESIDENTS if asked is None else asked
    has = before.least[-1]
    if asked is not None and asked < has:
        raise VoucherError(
            "lake_min_cell",
            "counts below {has} are left out of this lake: a later export cannot tell them",
            hint="leave out --min-cell, or name a new folder",
            has=has,
        )
    return has if asked is None else asked


# ---------------------------------------------------------------- writing


def _write(
    session: Session, row: Any, city: str, place: Place
) -> tuple[Manifest, list[rules.File]]:
    """The files, then the manifest that makes them count."""
    from vouchercli.formats.columnar import lake_files

    place.folder.mkdir(parents=True, exist_ok=True)
    lake_files.sweep(place.folder)
    lead = {"city": city, "programme": row["programme"]}
    added = [*_booked(session, row, place, lead)]
    snapshot, about = snapshots.of_day(session, place.head, place.since, place.least)
    for table, rows in snapshot.items():
        draft = _draft(place, table, place.head.day // 100, lead)
        names = [name for name in rules.TABLES[table] if name not in lead]
        try:
            draft.add(names, rows)
            added.append(_put(place, table, draft, place.head.day, place.head.day))
        finally:
            draft.drop()
    manifest = _manifest(session, row, city, place, added, about)
    text = json.dumps(rules.written(manifest), ensure_ascii=False, indent=1) + "\n"
    path = place.folder / rules.MANIFEST
    with whole_files.draft_file(path, whole_files.mark()) as draft_path:
        with whole_files.create(draft_path) as file:
            file.write(text.encode())
        whole_files.sync(draft_path)
        draft_path.replace(path)
    whole_files.sync(place.folder)
    return manifest, added


def _draft(place: Place, table: str, month: int, lead: dict[str, str]) -> Draft:
    from vouchercli.formats.columnar import lake_files

    name = f"{table}-{place.stem}.parquet"
    path = place.folder / f"{month // 100}-{month % 100:02d}" / name
    return lake_files.Draft(path, rules.TABLES[table], lead)


def _put(place: Place, table: str, draft: Draft, first: int, last: int) -> File:
    done = draft.put()
    path = draft.path.relative_to(place.folder).as_posix()
    return rules.File(path, table, int(path[:4] + path[5:7]), first, last, *done)


def _booked(session: Session, row: Any, place: Place, lead: dict[str, str]) -> Iterator[File]:
    """What was booked on the new days, month by month, and the splits that it names."""
    lookups, rounds = _lookups(session, row)
    used: set[int] = set()
    months: dict[int, list[Booked]] = {}
    for each in place.new:
        months.setdefault(each.day.day // 100, []).append(each)
    for month, booked in months.items():
        drafts = {table: _draft(place, table, month, lead) for table in rules.BOOKED}
        try:
            for each in booked:
                _add_day(session, row, place, each, drafts, (lookups, rounds), used)
            for table, draft in drafts.items():
                yield _put(place, table, draft, booked[0].day.day, booked[-1].day.day)
        finally:
            for draft in drafts.values():
                draft.drop()
    draft = _draft(place, "splits", place.head.day // 100, lead)
    try:
        draft.add(("split", "funder", "kind", "amount_fen"), store.splits(session.db, used))
        yield _put(place, "splits", draft, place.new[0].day.day, place.head.day)
    finally:
        draft.drop()


def _lookups(session: Session, row: Any) -> tuple[list[Lookup], dict[int, str]]:
    """What stands for numbers: rounds, kinds of merchants, merchants."""
    from vouchercli.formats.columnar.lake_files import Lookup

    every = of_reports.rounds_of(session.db, row["programme_id"])
    rounds = {each.round_id: each.round for each in every}
    merchants = of_reports.merchant_numbers(session.db)
    return [
        Lookup("round_id", ("round",), [*rounds.items()]),
        Lookup("segment_id", segments.NAMES, segments.every(session.db)),
        Lookup("merchant_id", ("merchant_no",), [*merchants.items()]),
    ], rounds


def _add_day(
    session: Session,
    row: Any,
    place: Place,
    each: Booked,
    drafts: dict[str, Draft],
    named: tuple[list[Lookup], dict[int, str]],
    used: set[int],
) -> None:
    """Add what was booked on a day."""
    lookups, rounds = named
    programme_id, day = row["programme_id"], each.day
    asked = (session.db, programme_id, each, place.since)

    def paid() -> Iterator[tuple[Any, ...]]:
        for cell in store.payments(*asked):
            used.add(cell[6])
            yield cell

    drafts["payments"].add((*PAID, *COUNTED), paid(), lookups, booked_on=day.day)
    claims = [
        (on, rounds[round_id], *counts)
        for on, round_id, *counts in store.claims(*asked, row["time_zone"])
    ]
    drafts["claims"].add(("day", "round", "claims", "reversed"), claims, booked_on=day.day)
    names = [name for name in rules.TABLES["days"] if name not in rules.CITY]
    drafts["days"].add(names, [[getattr(day, name) for name in names]])


def _manifest(
    session: Session,
    row: Any,
    city: str,
    place: Place,
    added: list[File],
    about: dict[str, Any],
) -> Manifest:
    programme = programmes.value(row)
    before = place.before
    return rules.Manifest(
        city=city,
        name=programme.issuer.zh,
        programme=row["programme"],
        title={"zh": programme.name.zh, "en": programme.name.en},
        currency=programme.currency,
        zone=row["time_zone"],
        since=place.since,
        first_day=before.first_day if before else place.new[0].day.day,
        day=place.head.day,
        seal=place.head.sha256,
        exported_at=session.now,
        as_of=(*(before.as_of if before else ()), place.head.day),
        least=(*(before.least if before else ()), place.least),
        percentages=tuple(about["percentages"]),
        funders=tuple(of_reports.public_funders(session.db, row["programme_id"])),
        is_rehearsal=session.is_rehearsal,
        terms=rules.terms(programme),
        files=(*(before.files if before else ()), *added),
        tables={table: dict(columns) for table, columns in rules.TABLES.items()},
    )


def _answer(
    session: Session, place: Place, manifest: Manifest | None, added: list[File]
) -> Outcome:
    head = law.head(place.head.day, place.head.sha256)
    data = {
        "folder": str(place.folder),
        "programme": place.folder.name,
        "first_day": times.day_text(place.new[0].day.day) if place.new else None,
        "day": times.day_text(place.head.day),
        "head": head,
        "days": len(place.new),
        "written": bool(added),
        "lake_files": len(manifest.files) if manifest else 0,
    }
    shown = [each._asdict() | {"month": each.path[:7]} for each in added]
    if not place.new:
        says = say("the lake has all sealed days already, up to {day}", day=data["day"])
    elif session.dry_run:
        says = say(
            "sealed days that would be written: {days}, up to {day}",
            days=len(place.new),
            day=data["day"],
        )
    else:
        says = say(
            "sealed days that were added: {days}, up to {day}; to prove the lake: voucher lake"
            " check {root}",
            days=len(place.new),
            day=data["day"],
            root=str(place.folder.parent.parent),
        )
    title = say("Written to {folder}", folder=str(place.folder))
    return Outcome(data, (Table(title, FILES, shown, key="files", optional=True),), (says,))
