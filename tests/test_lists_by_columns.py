"""Applications and lists of residents by columns give the same facts, counts, rejects and warnings
as row by row, on random small files.
"""

from __future__ import annotations

import os
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from towns import CLOSES

from vouchercli.errors import VoucherError
from vouchercli.ops.intake import by_columns, chunks, undoing
from vouchercli.ops.intake.applications import import_applications
from vouchercli.ops.intake.batches import KINDS
from vouchercli.ops.intake.by_columns import applications as applications_by_columns
from vouchercli.ops.intake.by_columns import eligibility as eligibility_by_columns
from vouchercli.ops.intake.eligibility import import_eligibility

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.session import Session

APPLICATIONS = "application_no,round,resident,applied_at,group,district,device,mobile,card,account"
LIST = "resident,group,district"
ROWS, COLUMNS = 1 << 40, 1
NUMBER, WRONG = "330102199001010012", "330102199001010013"  # its last character fits, and not
# One person in several spellings, damage, words for nothing, several in one cell; | parts them.
RESIDENTS = (
    f"ann|ann|bob|bob|cat|13812345678|+86 138-1234-5678|8613812345678|{NUMBER}|{WRONG}|"
    "330102-19900101-0012|33010219900101000X|33010219900101000x|330102900101001|330102199001010000|"
    "|NULL|-|#N/A|1.38E+10| eve |a;b|２|token:00000000000000000000000000000000|token:12|'dan|1月2日|"
    '"fay"|x-y|resident|RESIDENT'
)
NAMES = (
    "|medics|medics|guards|低保|上城区|NULL|无|(空白)|(na)|#N/A|-|a b| 教师 |13812345678|a@b.cn|`c`|Ａ|"
    f"１３８１２３４５６７８|（一）|1,381234567E+10|group|token:11111111111111111111111111111111|{NUMBER}"
)
ROUNDS = "r|r|r|R|medics|lucky|named|draft|none| r|published"
MOMENTS = (
    "2020-03-27 08:00:00|2020-03-27 08:00:00|2020-03-27T09:30:00|2020-03-26 08:00:00|soon||"
    "2020-03-28 23:59:59|2020-03-29 08:00:00|2020-03-26 23:59:59|2020-03-25 07:59:59|"
    "2020-3-27 11:00|20200327120000|2020-03-25 12:00:00|2021-01-01 00:00:00"
)
NUMBERS = f'1|2|3|4|5|6|7|8|1|2|3|4|| 7|"8"|1.38E+10|{NUMBER}|a@b.cn|13812345678|-'
ALSO = (
    "|||d1|d2|NULL|#N/A",
    "|||13900000001|+8613900000001|139 0000 0001|13900000002",
    "|||6222021234567890128|6222021234567890000|622202123456789000|62220212345678900",
    "|||acc|ACC|a@b.cn|A@B.CN",
)


def quoted(cells: tuple[str, ...]) -> str:
    return ",".join(f'"{cell}"' if "," in cell else cell for cell in cells)


def file_of(*columns: str) -> st.SearchStrategy[list[str]]:
    row = st.tuples(*(st.sampled_from(cells.split("|")) for cells in columns))
    odd = st.one_of(
        row.map(lambda each: quoted((*each, "more"))),
        row.map(lambda each: quoted(each[:-1])),
        st.sampled_from(["", "," * (len(columns) - 1), APPLICATIONS, LIST, LIST.title()]),
    )
    rows = [row.map(quoted) for _ in range(5)]
    return st.lists(st.one_of(*rows, odd), min_size=1, max_size=25)


APPLICATION = file_of(NUMBERS, ROUNDS, RESIDENTS, MOMENTS, NAMES, NAMES, *ALSO)
LISTED = file_of(RESIDENTS, NAMES, NAMES)


def make(voucher: Any) -> None:
    """A town with a round of each kind, one of which has its list of entrants published."""
    towns.build(
        voucher,
        towns.programme(funds={"treasury": "1000000.00"}),
        towns.pack(),
        merchants="merchant_no,name\nM1,店\n",
    )
    rows = "resident,group\nann,medics\n13812345678,medics\nbob,guards\n"
    voucher("eligibility", "import", towns.write("list.csv", rows))
    lottery = ["--mode", "lottery", "--registration-opens", "2020-03-25 08:00"]
    of_rounds: dict[str, list[str]] = {
        "r": [],
        "medics": ["--group", "medics"],
        "lucky": lottery,
        "published": lottery,
        "named": ["--mode", "targeted"],
    }
    for code, options in of_rounds.items():
        towns.make_round(voucher, code, *options, packs=5, closes=CLOSES)
    towns.make_round(voucher, "draft", packs=5, closes=CLOSES, state="draft")


# One list of entrants is published; of the other lottery registration closes early.
DRAW = """
INSERT INTO draws (round_id, seed_sha256, sealed_seed, public_source, committed_at, committed_by,
    registration_closes_at, published_at, entrants_sha256, strata, strata_fixed_at)
SELECT round_id, printf('%064d', 0), zeroblob(32), '', 0, 'x', opens_at - 3600 * 20,
    CASE round WHEN 'published' THEN 1 END, CASE round WHEN 'published' THEN printf('%064d', 0) END,
    '[]', 0
FROM rounds WHERE mode = 'lottery'
"""


def town(folder: Path) -> Session:
    session = towns.in_folder(folder, "lists by columns", "2020-03-24 08:00", make)
    session.db.execute(DRAW)
    return session


LEFT = {
    "applications": """
        SELECT a.round_id, a.application_no, hex(a.resident), a.applied_at, a.resident_group,
            a.district, a.batch_id, a.line FROM applications a ORDER BY 1, 2""",
    "identities": """
        SELECT i.round_id, i.kind, hex(i.token), a.application_no FROM application_identities i
        JOIN applications a USING (application_id) ORDER BY 1, 2, 3, 4""",
    "persons": "SELECT round_id, hex(resident), hex(person) FROM persons ORDER BY 1, 2",
    "list": """
        SELECT hex(resident), resident_group, district, listed_at, batch_id, line
        FROM eligibility ORDER BY 1, 2""",
    "waiting": "SELECT line, hex(resident), resident_group, district FROM listings ORDER BY 1",
    "batches": "SELECT batch_id, state, read, accepted, duplicate, rejected FROM batches",
    "rejects": "SELECT batch_id, line, reason, detail FROM rejects ORDER BY 1, 2",
    "warnings": "SELECT batch_id, line, reason, detail FROM warnings ORDER BY 1, 2, 3",
    "repeats": "SELECT batch_id, line, of_batch, of_line FROM duplicates ORDER BY 1, 2",
}


def imported(
    session: Session, take: Callable[..., Any], text: str, width: int, size: int, **options: Any
) -> dict[str, Any]:
    """Import the file in blocks of `width`, by columns from `size` bytes on; what is left then."""
    path = session.path.parent / "many.csv"
    path.write_text(text, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "LINES", width)
        patch.setattr(by_columns, "BYTES", size)
        data = take(session, str(path), **options).data
    left = {name: [tuple(row) for row in session.db.execute(sql)] for name, sql in LEFT.items()}
    return left | {"told": {key: value for key, value in data.items() if key != "file"}}


def both(
    take: Callable[..., Any], header: str, before: list[str], lines: list[str], width: int
) -> list[dict[str, Any]]:
    """What is left when the file comes row by row, and by columns, after another one."""
    outcomes = []
    for size in (ROWS, COLUMNS):
        with TemporaryDirectory() as folder, closing((session := town(Path(folder))).db):
            if before:
                path = Path(folder, "before.csv")
                path.write_text("\n".join([header, *before]) + "\n", "utf-8")
                with suppress(VoucherError):  # refused as a whole: its columns are swapped
                    take(session, str(path))
            text = "\n".join([header, *lines]) + "\n"
            try:
                outcomes.append(imported(session, take, text, width, size))
            except VoucherError as error:
                outcomes.append({"refused": error.code})
                continue
            undoing.undo(session, KINDS, outcomes[-1]["told"]["batch"])
            outcomes[-1]["undone"] = {
                name: [tuple(row) for row in session.db.execute(LEFT[name])]
                for name in ("applications", "identities", "persons", "list", "repeats")
            }
    return outcomes


often = settings(
    max_examples=int(os.environ.get("ORDERS", "10")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@often
@given(lines=APPLICATION, before=APPLICATION, width=st.integers(3, 12))
def test_applications_come_in_by_columns_as_row_by_row(
    lines: list[str], before: list[str], width: int
) -> None:
    by_rows, columns = both(import_applications, APPLICATIONS, before[:4], lines, width)
    assert columns == by_rows


@often
@given(lines=LISTED, before=LISTED, width=st.integers(3, 12))
def test_lists_come_in_by_columns_as_row_by_row(
    lines: list[str], before: list[str], width: int
) -> None:
    by_rows, columns = both(import_eligibility, LIST, before[:4], lines, width)
    assert columns == by_rows


def count_proved(monkeypatch: pytest.MonkeyPatch, module: Any) -> list[int]:
    """How many rows each block proves from now on, and how many it leaves to the rows."""
    proved: list[int] = []
    write = module.Writer.write

    def watched(self: Any, intake: Any, proof: Any) -> Any:
        proved.extend((proof.fit.height, len(proof.lines)))
        return write(self, intake, proof)

    monkeypatch.setattr(module.Writer, "write", watched)
    return proved


def test_regular_applications_are_proved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proved = count_proved(monkeypatch, applications_by_columns)
    at = "2020-03-27 08:00:00"
    text = f"""{APPLICATIONS}
1,r,ann,{at},低保,上城区,d1,,,
2,R,bob,{at},,,d1,139-0000-0001,6222021234567890128,acc
3,medics,ann,{at},,,,,,
4,medics,cat,{at},,,,,,
5,r,{WRONG},{at},,,,,,
"""
    with closing((session := town(tmp_path)).db):
        left = imported(session, import_applications, text, 100, COLUMNS)
    assert proved == [3, 2]  # the last character of a number is warned of row by row
    assert left["told"]["reasons"] == {"not_eligible": 1}
    assert [row[1] for row in left["applications"]] == ["1", "2", "5", "3"]
    assert len(left["persons"]) == 2  # ann and bob share a device
    assert [row[2] for row in left["warnings"]] == ["identity_check_digit"]


def test_regular_lines_of_a_list_are_read_by_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proved = count_proved(monkeypatch, eligibility_by_columns)
    text = f"{LIST}\neve,低保,上城区\neve,低保,\n{WRONG},教师,\neve,13812345678,\nresident,group,district\n"
    with closing((session := town(tmp_path)).db):
        left = imported(session, import_eligibility, text, 2, COLUMNS)
    assert proved == [1, 0, 1, 1, 0, 2]
    assert (left["told"]["accepted"], left["told"]["duplicate"]) == (2, 1)
    assert left["told"]["reasons"] == {"bad_row": 2}


def test_a_list_whose_cells_hold_lines_comes_in_as_a_whole_all_the_same(tmp_path: Path) -> None:
    text = LIST + '\none,a,\ntwo,a,\nthree,"a\nb",\nfour,a,\n'
    with closing((session := town(tmp_path)).db):
        left = imported(session, import_eligibility, text, 2, COLUMNS)
        batches = session.db.execute("SELECT count(*) FROM audit WHERE deed LIKE 'elig%'")
        assert batches.fetchone()[0] == 2  # the town's own list, and this one: no word of its begin
    assert (left["told"]["read"], left["told"]["accepted"]) == (4, 4)
    assert left["list"][-1][-1] in (2, 3, 4, 6)


def test_a_repeated_file_of_applications_is_all_duplicates(tmp_path: Path) -> None:
    at = "2020-03-27 08:00:00"
    rows = [f"{number},r,p{number},{at},,,,,," for number in range(9)]
    with closing((session := town(tmp_path)).db):
        text = "\n".join([APPLICATIONS, *rows]) + "\n"
        imported(session, import_applications, text, 4, COLUMNS)
        again = imported(session, import_applications, text + f"9,r,p9,{at},,,,,,\n", 4, COLUMNS)
        assert (again["told"]["duplicate"], again["told"]["accepted"]) == (9, 1)
        first = again["told"]["batch"] - 1
        undoing.undo(session, KINDS, first)  # whose rows the second file has, which keeps them
        left = session.db.execute("SELECT batch_id, count(*) FROM applications GROUP BY 1")
        assert [tuple(row) for row in left] == [(first + 1, 10)]
