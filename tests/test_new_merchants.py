"""Merchants that are written as they are read give the same facts, counts, rejects and warnings as
when every row is judged.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vouchercli.errors import VoucherError
from vouchercli.formats.configs import profiles
from vouchercli.formats.tables import files, plain_rows
from vouchercli.ops.intake import new_merchants, registries, staging
from vouchercli.ops.intake.retries import retry
from vouchercli.rules import merchants as rules
from vouchercli.session import Session
from vouchercli.store import db as store
from vouchercli.store import merchants, suspensions

if TYPE_CHECKING:
    from vouchercli.formats.tables.records import Record
    from vouchercli.ops.intake.kinds import Intake

GOOD, WRONG = "91330106MA27XW1D4T", "91110000600037341A"
FIELDS = ("merchant_no", "name", "uscc", "district", "brand", "platform_no")
CELLS = st.tuples(
    st.sampled_from(
        ["1", "2", "3", "4", "5", "6", "7", "", " 1", "`2", "P1", "2020-05-01", "merchant_no", "１"]
    ),
    st.sampled_from(
        [
            "老马面馆",
            "老马面馆",
            "西湖书店（一）",
            " 茶馆",
            "",
            '"A, B"',
            "锟斤拷",
            "name",
            "A  B",
            "'=x",
        ]
    ),
    st.sampled_from(["", GOOD, GOOD.lower(), WRONG, "330100000012345", "x"]),
    st.sampled_from(["西湖区", "330103", "330106", "", "上城区"]),
    st.sampled_from(["", "", "世纪联华", "物美"]),
    st.sampled_from(["", "", "P1", "P2", "P9"]),
)
LINE = st.one_of(CELLS, CELLS, st.just(()), st.just(FIELDS))
# A merchant as it was; the number of a segment depends on which was made first.
AS_NAMED = """
json_remove(nullif(c.{0}, ''), '$.pasts'), (SELECT group_concat(concat, ' ') FROM (
    SELECT p.value ->> 0 || s.district || s.industry || s.size || s.brand || s.designated_size || (p.value ->> 2) AS concat
    FROM json_each(nullif(c.{0}, ''), '$.pasts') p JOIN segments s ON s.segment_id = p.value ->> 1
    ORDER BY 1))"""
LEFT = {
    "merchants": (
        """
        SELECT m.merchant_no, m.name, m.uscc, m.district, m.industry, m.size, m.brand,
            m.designated_size, m.platform_no,
            m.registry, m.is_registered, m.added_at,
               m.changed_at, s.district, s.industry, s.size, s.brand, s.designated_size
        FROM merchants m
                   JOIN segments s USING (segment_id)"""
    ),
    "changes": (
        "SELECT c.batch_id, m.merchant_no,"
        + AS_NAMED.format("before")
        + ","
        + AS_NAMED.format("after")
        + " FROM merchant_changes c JOIN merchants m USING (merchant_id)"
    ),
    "suspensions": (
        """
        SELECT m.merchant_no, s.from_at, s.until_at, s.reason, s.batch_id, s.ended_by
        FROM suspensions s JOIN merchants m USING (merchant_id)"""
    ),
    "segments": "SELECT district, industry, size, brand, designated_size FROM segments",
    "rejects": "SELECT batch_id, line, reason, detail, cells FROM rejects",
    "warnings": "SELECT * FROM warnings",
    "batches": (
        "SELECT batch_id, state, last_line, chunks, read, accepted, duplicate, rejected, warnings"
        " FROM batches"
    ),
    "audit": "SELECT deed, subject, detail FROM audit",
}


@cache
def _empty() -> bytes:
    """A database in which nothing is."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "voucher.db"
        store.open_db(path, create=True).close()
        return path.read_bytes()


def written(path: Path, rows: list[tuple[str, ...]], columns: int) -> str:
    path.write_text("".join(",".join(row[:columns]) + "\n" for row in (FIELDS, *rows)), "utf-8")
    return str(path)


def come_to(
    files: list[list[tuple[str, ...]]], columns: int, *, is_judged: bool, **options: Any
) -> tuple[Any, ...]:
    """What imports of the files answer and leave where two platform's numbers were paid at before
    they were registered.
    """
    kind = replace(registries.KIND, by_columns=None) if is_judged else registries.KIND
    told: list[Any] = []
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(registries, "KIND", kind)
        patch.setattr(new_merchants, "MANY", 3)
        path = Path(folder) / "voucher.db"
        path.write_bytes(_empty())
        with closing(store.open_db(path)) as db:
            for number, rows in enumerate(files):
                session = Session(db, path, 1000 * number, "mei", "mei", 0)
                try:
                    told.append(
                        registries.import_merchants(
                            session,
                            written(Path(folder) / f"{number}.csv", rows, columns),
                            **options,
                        )
                    )
                except VoucherError as refused:
                    told.append((refused.code, str(refused)))
                if number == 0:
                    with store.writing(session):
                        merchants.add_unregistered(db, 1, ["P1", "P2"], 5)
                        suspensions.begin_missing(db, 1, [1], at=5, reason="", actor="mei")
            told += [retry(session, {"merchants": kind}, 1)]
            left = {
                what: sorted(map(tuple, db.execute(statement)), key=repr)
                for what, statement in LEFT.items()
            }
    return repr(told).replace(folder, ""), repr(left).replace(folder, "")


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    first=st.lists(CELLS, max_size=5),
    second=st.lists(LINE, max_size=14),
    third=st.lists(LINE, max_size=8),
    columns=st.integers(2, 5),
    missing=st.sampled_from(["report", "suspend"]),
)
def test_streamed_and_judged_registries_come_to_the_same(
    first: Any, second: Any, third: Any, columns: int, missing: str
) -> None:
    files = [[("1", "老马面馆", "", "西湖区", ""), *first], second, third]
    streamed, judged = (
        come_to(files, columns, is_judged=is_judged, missing=missing, is_sure=True)
        for is_judged in (False, True)
    )
    assert streamed == judged


def test_only_what_is_not_new_goes_to_the_judge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[int] = []
    stage = staging.stage

    def noted(intake: Intake, records: list[Record], **how: Any) -> None:
        left.extend(record.line for record in records)
        stage(intake, records, **how)

    monkeypatch.setattr(staging, "stage", noted)
    path = tmp_path / "voucher.db"
    rows = [("1", "A"), ("2", "B"), ("1", "A"), ("1", "C"), ("", "D"), ("3", "E")]
    with closing(store.open_db(path, create=True)) as db:
        session = Session(db, path, 0, "mei", "mei", 0)
        data = registries.import_merchants(session, written(tmp_path / "r.csv", rows, 2)).data
        assert (data["accepted"], data["duplicate"], data["reasons"]) == (
            3,
            1,
            {"bad_row": 1, "conflicting_row": 1},
        )
        assert sorted(left) == [4, 5, 6]
        detail = db.execute(
            "SELECT detail FROM rejects WHERE reason = 'conflicting_row'"
        ).fetchone()[0]
        assert detail == '{"merchant_no":"1","first_line":2}'


def test_a_segment_that_only_a_refused_row_names_is_not_made() -> None:
    rows = [("1", "A", "", "Xihu", ""), ("1", "A", "", "Gongshu", ""), ("2", "B", "", "Xihu", "")]
    told, left = come_to([rows], 4, is_judged=False)
    assert "conflicting_row" in told
    assert "Xihu" in left and "('Gongshu'," not in left


@given(st.lists(CELLS, min_size=1, max_size=8), st.integers(2, 5))
def test_the_quick_way_and_the_careful_way_read_a_registry_alike(
    rows: list[tuple[str, ...]], columns: int
) -> None:
    profile = profiles.load("voucher", "merchants")
    kept = list(enumerate((FIELDS[:columns], *(row[:columns] for row in rows))))
    quick, careful = (files.read_again(profile, FIELDS[:columns], kept, "x") for _ in range(2))
    careful.plan._clean = None
    assert list(quick.records()) == list(careful.records())


QUOTED = (
    '1,"A, B"\n',
    "2,B\n",
    '3,"C\nC"\n',
    "4, D\r\n",
    "5,E\t\n",
    "\n",
    "6,`F\n",
    "7\n",
    "8,H,\n",
    ",I\n",
    '9,"J"x\n',
    '10,"K\n',
    "merchant_no,name\n",
    "NULL,L\n",
    "12,#N/A\n",
)


@given(st.lists(st.sampled_from([*QUOTED, *QUOTED[:2]]), min_size=1, max_size=9), st.integers(1, 4))
def test_groups_of_rows_are_the_rows_one_by_one(lines: list[str], at_once: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "r.csv"
        path.write_text("merchant_no,name\n" + "".join(lines), "utf-8", newline="")
        found = [
            record
            for group in plain_rows.groups(files.read(str(path), "merchants"), at_once)
            for record in group.all_records()
        ]
        assert found == list(files.read(str(path), "merchants").records())


def test_rows_that_only_have_faulty_ones_beside_them_are_read_by_columns(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("merchant_no,name\n1,A\n,B\n2,C\n3, D\n4,E\n", "utf-8")
    one, two = plain_rows.groups(files.read(str(path), "merchants"), 3)
    assert (one.lines, [record.line for record in one.records]) == ([2, 4], [3])
    assert one.columns[:2] == [("1", "2"), ("A", "C")]
    # a blank before a cell is none of it: its row is as plain as any
    assert (two.lines, two.records) == ([5, 6], [])


@pytest.mark.parametrize(
    "code",
    [
        "91350100M000100Y43",  # the example of GB 32100
        "91330100799655058B",
        "914403001922038216",
        "9144030071526726XG",
        "91110000802100433B",
        "91440300192317458F",
        "91110000600037341L",
    ],
)
def test_the_check_digit_is_that_of_codes_in_use(code: str) -> None:
    assert rules.is_uscc(code)
    assert rules.check_digit(code) == code[-1]


@given(st.text(rules.LETTERS, min_size=17, max_size=17), st.integers(0, 16), st.data())
def test_a_check_digit_betrays_one_wrong_character(
    first: str, place: int, data: st.DataObject
) -> None:
    other = data.draw(st.sampled_from(rules.LETTERS.replace(first[place], "")))
    wrong = first[:place] + other + first[place + 1 :]
    assert rules.check_digit(wrong) != rules.check_digit(first)
