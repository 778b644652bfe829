"""Registries by set, row by row: which rows add, change or repeat, who gets another number, who is
missing, and what an undo puts back.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from memory import copied

from vouchercli.errors import VoucherError
from vouchercli.store import merchants, registries
from vouchercli.store.db import open_db

if TYPE_CHECKING:
    import sqlite3

FIELDS = ("merchant_no", "name", "uscc", "district", "industry", "size", "brand", "designated_size")
FIELDS += ("address", "phone", "platform_no", "account_name", "account_no", "bank", "bank_no")
ADD_BATCH = """
INSERT INTO batches (batch_id, kind, file, sha256, profile, profile_json, encoding, header, state,
    read, accepted, duplicate, rejected, warnings, actor, imported_at)
VALUES (?1, 'merchants', '', ?1, '', '', '', '[]', 'done', 0, 0, 0, 0, 0, '', 0)
"""
Row = dict[str, Any]


@pytest.fixture(scope="module")
def built() -> sqlite3.Connection:
    """An empty city with five batches."""
    db = open_db(Path(":memory:"), create=True)
    for batch_id in range(1, 6):
        db.execute(ADD_BATCH, (batch_id,))
    return db


@pytest.fixture
def db(built: sqlite3.Connection) -> sqlite3.Connection:
    return copied(built)


def shop(number: str, name: str = "a", **other: str | None) -> Row:
    """A row of a registry; a column it does not have is None, a blank cell ''."""
    return {"merchant_no": number, "name": name, **other}


def judged(
    db: sqlite3.Connection, batch_id: int, *rows: Row, registry: str = "plain"
) -> list[str | None]:
    """The reason of each row, in the order of the file."""
    db.execute("DROP TABLE IF EXISTS temp.incoming_merchants")
    db.execute(registries.CREATE_INCOMING)
    for line, row in enumerate(rows, 2):
        values = (row.get(field) for field in FIELDS)
        typed = (line, batch_id, line, "[]", row.get("reason"), "{}", *values)
        db.execute(registries.ADD_INCOMING, typed)
    registries.judge(db, batch_id, registry, 0)
    return [row[0] for row in db.execute("SELECT reason FROM incoming_merchants ORDER BY line")]


def take(db: sqlite3.Connection, batch_id: int, *rows: Row, at: int = 0) -> dict[str, int]:
    """How many merchants the file adds and changes."""
    judged(db, batch_id, *rows)
    return registries.accept(db, batch_id, "plain", at, at)


def standing(db: sqlite3.Connection, *fields: str) -> list[tuple[Any, ...]]:
    columns = ", ".join(("merchant_no", *fields))
    return list(map(tuple, db.execute(f"SELECT {columns} FROM merchants ORDER BY merchant_no")))


# ---------------------------------------------------------------- judge


@pytest.mark.parametrize("field", FIELDS[1:])
def test_a_line_repeats_another_only_when_every_field_is_the_same(
    db: sqlite3.Connection, field: str
) -> None:
    one = shop("M1", **dict.fromkeys(FIELDS[2:], "x"))
    assert judged(db, 1, one, one, {**one, field: "y"}, one) == [
        None,
        "duplicate",
        "conflicting_row",
        "duplicate",
    ]


@pytest.mark.parametrize("field", FIELDS[1:])
def test_a_row_is_known_when_it_says_nothing_new(db: sqlite3.Connection, field: str) -> None:
    one = shop("M1", **dict.fromkeys(FIELDS[2:], "x"))
    take(db, 1, one)
    assert judged(db, 2, one) == ["duplicate"]
    assert judged(db, 2, {**one, field: "y"}) == [None]
    if field != "name":
        assert judged(db, 2, {**one, field: None}) == ["duplicate"]  # the file has no such column
        assert judged(db, 2, {**one, field: ""}) == [None]  # a blank cell clears the value
    assert judged(db, 2, one, registry="other") == [None]
    db.execute("UPDATE merchants SET is_registered = 0")
    assert judged(db, 2, one) == [None]


def test_a_contradiction_names_the_first_line_and_is_remembered(db: sqlite3.Connection) -> None:
    rows = (shop("M1"), shop("M2"), shop("M1", "b"))
    assert judged(db, 1, *rows) == [None, None, "conflicting_row"]
    detail = db.execute("SELECT detail FROM incoming_merchants WHERE line = 4").fetchone()[0]
    assert detail == '{"merchant_no":"M1","first_line":2}'
    db.execute("INSERT INTO rejects VALUES (1, 4, 'conflicting_row', '{}', '[]')")
    assert judged(db, 1, shop("M7"), shop("M8"), shop("M1", "b")) == [None, None, "conflicting_row"]
    assert judged(db, 2, shop("M7"), shop("M8"), shop("M1", "b")) == [None, None, None]


# ---------------------------------------------------------------- accept


def test_a_file_adds_and_changes_and_leaves_what_it_does_not_say(db: sqlite3.Connection) -> None:
    filled = dict.fromkeys(FIELDS[2:], "x")
    assert take(db, 1, shop("M1", **filled), shop("M2", **filled), at=5) == {
        "added": 2,
        "changed": 0,
    }
    rows = (
        shop("M1", "b", district="d", phone=""),
        shop("M3", industry="i"),
        {**shop("M4"), "reason": "bad_row"},
    )
    assert take(db, 2, *rows, at=7) == {"added": 1, "changed": 1}
    usual = ("name", "uscc", "district", "industry", "size", "address", "phone", "platform_no")
    assert standing(db, *usual) == [
        ("M1", "b", "x", "d", "x", "x", "x", "", "x"),
        ("M2", "a", "x", "x", "x", "x", "x", "x", "x"),
        ("M3", "a", "", "", "i", "", "", "", ""),
    ]
    assert standing(db, "account_name", "account_no", "bank", "added_at", "changed_at") == [
        ("M1", "x", "x", "x", 5, 7),
        ("M2", "x", "x", "x", 5, 5),
        ("M3", "", "", "", 7, 7),
    ]
    segments = db.execute(
        "SELECT m.merchant_no, s.district, s.industry, s.size, s.brand, s.designated_size"
        " FROM merchants m"
        " JOIN segments s USING (segment_id) ORDER BY 1"
    )
    assert list(map(tuple, segments)) == [
        ("M1", "d", "x", "x", "x", "x"),
        ("M2", "x", "x", "x", "x", "x"),
        ("M3", "", "i", "", "", ""),
    ]


@pytest.mark.parametrize(
    ("rows", "numbers"),
    [
        ([shop("M1", platform_no="U1")], ["M1"]),
        ([shop("M1", platform_no="U2")], ["M1", "U1"]),
        ([shop("M1", platform_no="")], ["M1", "U1"]),
        ([shop("M1")], ["M1", "U1"]),
        ([shop("U1", platform_no="U1")], ["U1"]),  # it has that number already
        ([{**shop("M1", platform_no="U1"), "reason": "bad_row"}], ["U1"]),
        # who it is of two is not known
        ([shop("M1", platform_no="U1"), shop("M2", platform_no="U1")], ["M1", "M2", "U1"]),
        ([shop("R1", platform_no="U1")], ["R1", "U1"]),  # the number is another one's
        ([shop("M1", platform_no="R1")], ["M1", "R1", "U1"]),  # a registered one keeps its own
    ],
)
def test_a_merchant_that_was_added_unregistered_gets_the_registrys_number(
    db: sqlite3.Connection, rows: list[Row], numbers: list[str]
) -> None:
    merchants.add_unregistered(db, 1, ["U1"], 0)
    if any("R1" in (row["merchant_no"], row.get("platform_no")) for row in rows):
        take(db, 2, shop("R1", platform_no="R1"))
    take(db, 3, *rows)
    assert [number for (number,) in standing(db)] == numbers


def test_a_merchant_without_a_platforms_number_is_never_taken_for_another(
    db: sqlite3.Connection,
) -> None:
    merchants.add_unregistered(db, 1, ["U1"], 0)
    db.execute("UPDATE merchants SET platform_no = ''")
    take(db, 2, shop("M1", platform_no=""))
    assert [number for (number,) in standing(db)] == ["M1", "U1"]


# ---------------------------------------------------------------- missing


@pytest.mark.parametrize(
    ("listed", "also", "missing"),
    [
        (["M1", "M2", "M3"], set(), []),
        (["M2"], set(), ["M1", "M3"]),
        (["M2"], {"M3", "M9"}, ["M1"]),
        (["M2", "M9"], set(), ["M1", "M3"]),  # M9 is new
    ],
)
def test_who_is_no_longer_listed_is_missing(
    db: sqlite3.Connection, listed: list[str], also: set[str], missing: list[str]
) -> None:
    take(db, 1, *map(shop, ("M3", "M1", "M2")))
    judged(db, 2, shop("X1"), registry="other")
    registries.accept(db, 2, "other", 0, 0)
    merchants.add_unregistered(db, 3, ["U1"], 0)
    take(db, 4, *map(shop, listed))
    results = registries.missing(db, 4, "plain", also)
    assert [row["merchant_no"] for row in results] == missing
    assert registries.count(db, "plain") == len({"M1", "M2", "M3", *listed})
    assert registries.known(db, {"M1", "U1", "M7"}) == {"M1", "U1"}


# ---------------------------------------------------------------- undo


def test_an_undo_puts_back_every_field_and_takes_out_what_was_added(
    db: sqlite3.Connection,
) -> None:
    every = (*FIELDS[1:], "registry", "is_registered", "changed_at")
    take(db, 1, shop("M1", **{field: f"{field} 1" for field in FIELDS[2:]}), at=5)
    merchants.add_unregistered(db, 2, ["U1"], 6)
    before = standing(db, *every)
    rows = [
        shop("M1", "b", **{field: f"{field} 2" for field in FIELDS[2:]}),
        shop("M2"),
        shop("M3", platform_no="U1"),
    ]
    assert take(db, 3, *rows, at=9) == {"added": 1, "changed": 2}
    registries.undo(db, 3)
    assert standing(db, *every) == before
    assert db.execute("SELECT count(*) FROM merchant_changes WHERE batch_id = 3").fetchone()[0] == 0
    registries.undo(db, 1)
    assert [number for (number,) in standing(db)] == ["U1"]


@pytest.mark.parametrize(
    ("later", "is_refused"),
    [
        ([], False),
        ([shop("M2", "b")], False),  # another merchant
        ([shop("M1", "b")], True),
    ],
)
def test_a_file_that_later_changes_stand_on_is_not_undone(
    db: sqlite3.Connection, later: list[Row], is_refused: bool
) -> None:
    take(db, 1, shop("M2"))
    take(db, 2, shop("M1"))
    take(db, 3, *later)
    if is_refused:
        with pytest.raises(VoucherError) as refused:
            registries.undo(db, 2)
        assert refused.value.code == "batch_built_upon"
    else:
        registries.undo(db, 2)
    assert ("M1" in {number for (number,) in standing(db)}) is is_refused


def test_of_later_files_the_last_is_named_to_be_undone_first(db: sqlite3.Connection) -> None:
    take(db, 1, shop("M1"), shop("M2"))
    take(db, 2, shop("M1", "b"), shop("M2", "b"))
    take(db, 3, shop("M1", "c"))
    take(db, 4, shop("M2", "d"), shop("M1", "d"))
    with pytest.raises(VoucherError) as refused:
        registries.undo(db, 2)
    assert str(refused.value) == (
        "batch 2 cannot be undone: 3 later rows depend on it (batches 3, 4)"
    )
    assert refused.value.params["last"] == 4


@pytest.mark.parametrize(
    ("of", "change", "is_refused"),
    [
        (2, {"phone": "2"}, False),  # a payment does not stand on a telephone number
        (2, {"district": "d"}, True),
        (2, {"industry": "d"}, True),
        (2, {"size": "d"}, True),
        (2, {"platform_no": "d"}, True),
        (1, {"phone": "2"}, True),  # the file that added the merchant
    ],
)
def test_a_payment_stands_on_what_it_is_counted_under(
    db: sqlite3.Connection, of: int, change: dict[str, str], is_refused: bool
) -> None:
    take(db, 1, shop("M1"))
    take(db, 2, shop("M1", **change))
    if of == 1:
        registries.undo(db, 2)
    db.execute("INSERT INTO redemptions VALUES (1, 'T1', 1025, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1, NULL)")
    db.execute("INSERT INTO redemption_runs VALUES (1, 1, 3, 0, 0, x'00000000')")
    if is_refused:
        with pytest.raises(VoucherError) as refused:
            registries.undo(db, of)
        assert refused.value.code == "batch_built_upon"
    else:
        registries.undo(db, of)


@pytest.mark.parametrize("by", [None, 4])
def test_a_merchant_that_was_suspended_since_is_not_undone_away(
    db: sqlite3.Connection, by: int | None
) -> None:
    take(db, 1, shop("M1"))
    take(db, 2, shop("M1", "b"), shop("M2"))
    suspend = "INSERT INTO suspensions (merchant_id, from_at, reason, actor, batch_id)"
    db.execute(f"{suspend} SELECT merchant_id, 0, 'x', '', ? FROM merchants", (by,))
    db.execute("DELETE FROM suspensions WHERE merchant_id = 1")
    with pytest.raises(VoucherError) as refused:  # M2, which batch 2 added
        registries.undo(db, 2)
    assert refused.value.code == "batch_built_upon"
    db.execute("UPDATE suspensions SET merchant_id = 1")  # M1, which it only changed
    registries.undo(db, 2)
    assert standing(db, "name") == [("M1", "a")]
