"""Identities that are hidden in part, or written with marks that nobody is sure of: they are nobody's,
at every door. All numbers are made up.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.ops.intake import by_columns
from vouchercli.ops.intake.claims import import_claims
from vouchercli.rules import identities as law

if TYPE_CHECKING:
    from pathlib import Path

CLAIMS = "claim_no,round,resident,claimed_at\n"
HIDDEN = (
    "138****0001",
    "3301**********1234",
    "138＊＊＊＊0001",
    "1380000●●●●",
    "张*",
    "138XXXX0001",
    "1380000xxxx",
    "a*****e@example.com",
)
ODD = ("138.0000.0001", "138_0000_0001", "۱۳۸۰۰۰۰۰۰۰۱")
WHOLE = ("13800000001", "a1XXXX9b", "wx-XXX", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "AB.12.34567")


@pytest.mark.parametrize("number", HIDDEN)
def test_a_number_that_is_hidden_in_part_is_known_as_such(number: str) -> None:
    assert law.is_masked(number)


@pytest.mark.parametrize("number", WHOLE)
def test_a_whole_number_is_neither_hidden_nor_odd(number: str) -> None:
    assert not law.is_masked(number)
    assert not law.has_odd_marks(number)


@pytest.mark.parametrize("number", ODD)
def test_marks_that_are_not_known_are_told(number: str) -> None:
    assert law.has_odd_marks(number)
    assert not law.has_odd_marks("138-0000-0001")


def test_a_hidden_number_gets_no_pack_by_rows_and_by_columns(city: Any, here: Path) -> None:
    city(with_claims=False)
    rows = [
        f"C{at},r1,{who},2020-03-27 08:00:{at:02d}\n"
        for at, who in enumerate((*HIDDEN, *ODD, *WHOLE))
    ]
    (here / "c.csv").write_text(CLAIMS + "".join(rows), "utf-8")
    found = []
    for bytes_ in (1 << 40, 0):
        path = here / f"by{bytes_}.db"
        shutil.copy(here / "voucher.db", path)
        shutil.copy(here / "voucher.key", path.with_suffix(".key"))
        with towns.session(path, "mei") as one, pytest.MonkeyPatch.context() as patch:
            patch.setattr(by_columns, "BYTES", bytes_)
            data = import_claims(one, str(here / "c.csv")).data
            assert data["reasons"] == {"bad_row": len(HIDDEN) + len(ODD)}
            sql = "SELECT claim_no, hex(resident) FROM claims ORDER BY claim_no"
            found.append([tuple(row) for row in one.db.execute(sql)])
    assert found[0] == found[1]
    assert len(found[0]) == len(WHOLE)


def test_a_hidden_number_is_refused_at_the_desk(city: Any) -> None:
    voucher = city(with_claims=False)
    ran = voucher("claim", "grant", "r1", "138****0001", expect=3)
    assert "characters of it are hidden" in ran.err
    ran = voucher("claim", "list", "--resident", "138.0000.0001", expect=3)
    assert "write the digits alone" in ran.err


@pytest.mark.parametrize("bytes_", [0, 1 << 40])
def test_hidden_telephones_and_cards_join_nobody(
    city: Any, here: Path, monkeypatch: pytest.MonkeyPatch, bytes_: int
) -> None:
    voucher = city(with_claims=False)
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    header = "application_no,round,resident,applied_at,device,mobile,card,account\n"
    rows = (
        "A1,r1,a,2020-03-27 08:00:01,,138****0001,,\n"
        "A2,r1,b,2020-03-27 08:00:02,,,6222XXXXXXXX0001,\n"
        "A3,r1,c,2020-03-27 08:00:03,,,,a**@example.com\n"
        "A4,r1,d,2020-03-27 08:00:04,,13900000001/13900000002,,\n"
        "A5,r1,e,2020-03-27 08:00:05,D-1,13900000003,,\n"
    )
    (here / "a.csv").write_text(header + rows)
    data = voucher("application", "import", "a.csv", "-o", "json", expect=4).data
    assert (data["accepted"], data["reasons"]) == (1, {"bad_row": 4})


def test_marks_of_direction_make_nobody_else(city: Any, here: Path) -> None:
    """As a telephone's list of contacts gives a number when it is copied."""
    voucher = city(with_claims=False)
    rows = (
        "C1,r1,13800000001,2020-03-27 08:00:01\n"
        "C2,r1,\u202d13800000001\u202c,2020-03-27 08:00:02\n"
        "C3,r1,\u2066138\u200e00000001\u2069,2020-03-27 08:00:03\n"
    )
    (here / "c.csv").write_text(CLAIMS + rows, "utf-8")
    data = voucher("claim", "import", "c.csv", "-o", "json", expect=4).data
    assert data["reasons"] == {"resident_limit": 2}


@pytest.mark.parametrize("who", ["未知", "不详", "unknown", "（空）", "???", "\x1b$B9bEg\x1b(B"])
def test_nobody_is_no_resident(city: Any, here: Path, who: str) -> None:
    voucher = city(with_claims=False)
    (here / "c.csv").write_text(f"{CLAIMS}C1,r1,{who},2020-03-27 08:00:01\n", "utf-8")
    data = voucher("claim", "import", "c.csv", "-o", "json", expect=4).data
    assert data["reasons"] == {"bad_row": 1}


@pytest.mark.parametrize("name", ["???", "?? ??", "\x1b$B9bEg20\x1b(B"])
def test_a_name_that_lost_its_characters_is_refused(city: Any, here: Path, name: str) -> None:
    voucher = city(with_claims=False)
    (here / "m.csv").write_text(f"merchant_no,name\nM7,{name}\nM8,What?\n", "utf-8")
    ran = voucher("merchant", "import", "m.csv", expect=4)
    assert "m.csv:2: error: name: " in ran.err
    assert "read in a wrong encoding" in ran.err
    assert "m.csv:3" not in ran.err
