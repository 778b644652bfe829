"""The rotation of the identity key: everybody is found again, limits hold, nothing of the keys
before is left where it could be told from, and a kill leaves keys and tokens that fit.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest
import towns
from processes import forked
from test_rounds import Terminal

from vouchercli.errors import Busy
from vouchercli.ops.keeping import key_rings as ops
from vouchercli.ops.sessions import open_session
from vouchercli.rules import resident_tokens
from vouchercli.session import Session
from vouchercli.store import identities, key_fingerprints, key_rings
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Once, Ran

    Voucher = Callable[..., Ran]

posix = pytest.mark.skipif(os.name != "posix", reason="modes and signals as POSIX has them")
ANNA, BERT, CARL = "330102199001010012", "330102199001010020", "330102199001010039"
HEADER = "claim_no,round,resident,claimed_at\n"
OPENS = "2020-03-27 09:00"
WHY = ("--reason", "a copy of the key file was lost")
KNOWN = re.compile(r"token:[0-9a-f]{32,34}")


@pytest.fixture
def town(city: Callable[..., Voucher]) -> Voucher:
    return city()


def rotate(voucher: Voucher, *options: str, expect: int = 0) -> Ran:
    return voucher("key", "rotate", *WHY, *options, expect=expect)


def keys(here: Path) -> list[str]:
    return (here / "voucher.key").read_text().split()


def claims_of(voucher: Voucher, resident: str) -> list[str]:
    data = voucher("claim", "list", "--resident", resident, "-o", "json").data
    return [each["claim_no"] for each in data["claims"]]


def import_claims(voucher: Voucher, *rows: str, file: str = "more.csv", expect: int = 0) -> Any:
    towns.write(file, HEADER + "".join(f"{row}\n" for row in rows))
    return voucher("claim", "import", file, "-o", "json", expect=expect).data


def prove(voucher: Voucher) -> None:
    voucher("check")
    voucher("audit", "verify")


# ---------------------------------------------------------------- the law


def test_a_token_says_through_how_many_keys_it_went() -> None:
    first, second, third = (bytes([n]) * 32 for n in (1, 2, 3))
    old = resident_tokens.token(resident_tokens.Ring((first,)), ANNA)
    new = resident_tokens.token(resident_tokens.Ring((first, second, third)), ANNA)
    assert (len(old), len(new), resident_tokens.keys_of(old)) == (16, 17, 1)
    assert (new[16], resident_tokens.keys_of(new)) == (3, 3)
    ring = resident_tokens.Ring((first, second, third))
    between = resident_tokens.wrap(resident_tokens.Ring((first, second)), old)
    for one in (old, between, new):
        assert resident_tokens.token(ring, resident_tokens.shown(one)) == new
    assert resident_tokens.wrap_text(ring, f"a token:{old.hex()}, b") == f"a token:{new.hex()}, b"


@pytest.mark.parametrize(
    "text",
    ["token:", "token:ab", f"token:{'ab' * 18}", f"token:{'ab' * 16}01", f"token:{'ab' * 16}03"],
)
def test_a_damaged_token_or_one_by_a_later_key_is_none(text: str) -> None:
    ring = resident_tokens.Ring((b"1" * 32, b"2" * 32))
    with pytest.raises(ValueError, match=r"token|hex"):
        resident_tokens.token(ring, text)
    assert resident_tokens.wrap_text(ring, text) == text


# ---------------------------------------------------------------- what a user sees


def test_everybody_is_found_again_and_all_is_proved(town: Voucher, here: Path) -> None:
    before = {each["resident"] for each in town("claim", "list", "-o", "json").data["claims"]}
    rotate(town)
    after = {each["resident"] for each in town("claim", "list", "-o", "json").data["claims"]}
    assert not before & after and all(len(each) == 40 and each.endswith("02") for each in after)
    assert claims_of(town, ANNA) == ["C1"]
    assert sorted(claims_of(town, each)[0] for each in before) == ["C1", "C2", "C3"]
    assert sorted(claims_of(town, each)[0] for each in after) == ["C1", "C2", "C3"]
    prove(town)


def test_the_line_of_the_log_says_why_and_has_no_key(town: Voucher, here: Path) -> None:
    rotate(town)
    line = town("audit", "log", "--deed", "key.rotate", "-o", "json").data["lines"][0]
    assert line["about"] == "identity key"
    assert (line["before"]["keys"], line["after"]["keys"]) == (1, 2)
    assert line["detail"]["reason"] == WHY[1] and line["detail"]["tokens"] == 3
    assert len(line["detail"]["facts"]) == 64
    for key in keys(here):
        assert key not in json.dumps(line)


def test_key_show_says_how_many_since_when_and_no_key(town: Voucher, here: Path) -> None:
    (first,) = town("key", "show", "-o", "json").data["keys"]
    assert (first["number"], first["since"], first["state"]) == (1, None, "in use")
    rotate(town)
    one, two = town("key", "show", "-o", "json").data["keys"]
    assert one == first
    assert two["since"].startswith("2020-03-2")
    out = town("key", "show").out
    assert two["fingerprint"] in out
    assert not any(key in out for key in keys(here))


def test_a_dry_run_says_how_long_and_changes_nothing(town: Voucher, here: Path) -> None:
    before = (here / "voucher.key").read_bytes(), town("audit", "head").out
    ran = rotate(town, "--dry-run")
    assert "for about 1 seconds nobody else could write" in ran.err + ran.out
    assert ((here / "voucher.key").read_bytes(), town("audit", "head").out) == before
    assert claims_of(town, ANNA) == ["C1"]


def test_a_rotation_may_be_rotated(town: Voucher, here: Path) -> None:
    noted = town("claim", "list", "-o", "json").data["claims"][0]
    for number in (2, 3):
        rotate(town)
        assert len(keys(here)) == number
    assert claims_of(town, noted["resident"]) == [noted["claim_no"]]
    assert claims_of(town, BERT) == ["C2"]
    prove(town)


# ---------------------------------------------------------------- limits, lists, rejects, draws


def test_who_claimed_before_the_rotation_cannot_claim_again(town: Voucher, here: Path) -> None:
    rotate(town)
    data = import_claims(
        town,
        f"C8,r1,{ANNA},2020-03-27 08:00:08",
        "C9,r1,330102199001010047,2020-03-27 08:00:09",
        expect=4,
    )
    assert (data["accepted"], data["reasons"]) == (1, {"resident_limit": 1})
    data = import_claims(town, f"C1,r1,{ANNA},2020-03-27 08:00:01", file="again.csv")
    assert data["duplicate"] == 1
    prove(town)


def test_both_ways_of_reading_make_the_same_tokens(town: Voucher, here: Path) -> None:
    rotate(town)
    import_claims(town, "D1,r1,13800000001,2020-03-27 08:00:05")
    by_rows = towns.ask(here, "SELECT resident FROM claims WHERE claim_no = 'D1'")
    ring = identities.load_ring(here / "voucher.db")
    assert by_rows == [(identities.tokens(ring, ["13800000001"])[0],)]


def test_a_list_stays_the_one_that_was_approved(voucher: Voucher, here: Path) -> None:
    town_with_list(voucher)
    rotate(voucher, "--actor", "lin")
    listed = voucher("round", "show", "r1", "-o", "json").data["list"]
    assert listed["is_as_approved"] is True
    assert listed["sha256"] != listed["now"]["sha256"]
    found = voucher("eligibility", "list", "--resident", "13800000001", "-o", "json").data
    assert len(found["residents"]) == 1
    again = voucher(
        "eligibility", "import", towns.write("again.csv", LISTED + "x,low\n"),
        *("--actor", "chen", "--note", "one more", "-o", "json"),
    ).data  # fmt: skip
    assert (again["accepted"], again["duplicate"]) == (1, 2)
    voucher("eligibility", "approve", str(again["batch"]), "--actor", "lin")
    changed = voucher("round", "show", "r1", "-o", "json").data["list"]
    assert changed["is_as_approved"] is False
    voucher("eligibility", "remove", "x", "--note", "an error", "--actor", "chen")
    voucher("eligibility", "approve", str(again["batch"]), "--actor", "lin")
    back = voucher("round", "show", "r1", "-o", "json").data["list"]
    assert back["is_as_approved"] is True
    prove(voucher)


def test_a_list_that_was_another_one_at_the_rotation_is_not_judged(
    voucher: Voucher, here: Path
) -> None:
    town_with_list(voucher)
    data = voucher(
        "eligibility", "import", towns.write("again.csv", LISTED + "x,low\n"),
        *("--actor", "chen", "--note", "one more", "-o", "json"),
    ).data  # fmt: skip
    voucher("eligibility", "approve", str(data["batch"]), "--actor", "lin")
    rotate(voucher, "--actor", "lin", "--now", "2020-03-26 10:00")
    voucher("eligibility", "remove", "x", "--note", "an error", "--actor", "chen")
    voucher("eligibility", "approve", str(data["batch"]), "--actor", "lin")
    assert voucher("round", "show", "r1", "-o", "json").data["list"]["is_as_approved"] is None
    assert "since then nobody can tell" in " ".join(voucher("round", "show", "r1").out.split())
    prove(voucher)


LISTED = "resident,group\n13800000001,low\n13800000002,low\n"
STAFF = {"chen": "maker checker", "lin": "checker", "wu": "checker"}


def town_with_list(voucher: Voucher) -> None:
    towns.build(voucher, towns.programme(staff=STAFF), towns.pack())
    file = towns.write("list.csv", LISTED)
    voucher("eligibility", "import", file, "--actor", "chen")
    towns.make_round(
        voucher,
        "r1",
        *("--mode", "targeted", "--group", "low"),
        packs=5,
        state="approved",
        closes=towns.CLOSES,
        maker="chen",
        checkers=["lin"],
    )


def test_waiting_lines_of_a_list_are_wrapped_too(voucher: Voucher, here: Path) -> None:
    town_with_list(voucher)
    data = voucher(
        "eligibility", "import", towns.write("more.csv", "resident,group\n13800000009,low\n"),
        *("--actor", "chen", "--note", "forgotten", "-o", "json"),
    ).data  # fmt: skip
    rotate(voucher, "--actor", "lin")
    voucher("eligibility", "approve", str(data["batch"]), "--actor", "lin")
    found = voucher("eligibility", "list", "--resident", "13800000009", "-o", "json").data
    assert len(found["residents"]) == 1
    prove(voucher)


def test_rejects_from_before_come_back_by_their_tokens(town: Voucher, here: Path) -> None:
    data = import_claims(
        town, "D1,r9,13800000001,2020-03-27 08:00:05", f"D2,r9,{ANNA},2020-03-27 08:00:06", expect=4
    )
    town("batch", "rejects", str(data["batch"]), "--to", "old.csv")
    rotate(town)
    town("batch", "rejects", str(data["batch"]), "--to", "new.csv")
    old, new = (
        KNOWN.findall((here / each).read_text("utf-8-sig")) for each in ("old.csv", "new.csv")
    )
    assert len(old) == len(new) == 2 and {*map(len, old)} == {38} and {*map(len, new)} == {40}
    for name in ("old.csv", "new.csv"):
        text = (here / name).read_text("utf-8-sig").replace("r9", "r1")
        (here / name).write_text(text, "utf-8")
    back = town("claim", "import", "old.csv", "-o", "json", expect=4).data
    assert (back["accepted"], back["reasons"]) == (1, {"resident_limit": 1})
    assert claims_of(town, "13800000001") == ["D1"]
    prove(town)


def test_a_file_is_retried_and_undone_after_a_rotation(town: Voucher, here: Path) -> None:
    data = import_claims(
        town, f"D1,r1,{ANNA},2020-03-27 08:00:05", "D2,r1,13800000002,2020-03-27 08:00:06", expect=4
    )
    rotate(town)
    again = town("batch", "retry", str(data["batch"]), "-o", "json", expect=None).data
    assert towns.ask(here, "SELECT count(*) FROM claims") == [(4,)], again
    town("batch", "undo", str(data["batch"]), "--yes")
    assert claims_of(town, "13800000002") == []
    import_claims(town, "D3,r1,13800000002,2020-03-27 08:00:07", file="third.csv")
    assert claims_of(town, "13800000002") == ["D3"]
    prove(town)


def test_who_was_refused_before_comes_in_when_the_claim_that_stood_leaves(
    town: Voucher, here: Path
) -> None:
    data = import_claims(town, f"D1,r1,{ANNA},2020-03-27 08:00:05", expect=4)
    rotate(town)
    town("batch", "undo", str(data["batch"] - 1), "--yes")
    town("batch", "retry", str(data["batch"]))
    assert claims_of(town, ANNA) == ["D1"]
    prove(town)


def test_a_committed_seed_is_opened_after_a_rotation_and_drawn(town: Voucher, here: Path) -> None:
    towns.make_round(
        town, "l1", "--mode", "lottery", "--registration-opens", "2020-03-20", packs=4,
        closes="2020-03-29 08:00",
    )  # fmt: skip
    applied = "application_no,round,resident,applied_at\n" + "".join(
        f"A{n},l1,1380000000{n},2020-03-25 08:00:0{n}\n" for n in range(9)
    )
    town("draw", "commit", "l1")
    town("application", "import", towns.write("applied.csv", applied), "--now", "2020-03-26 08:00")
    ran = rotate(town, "--now", "2020-03-26 09:00")
    assert "[seed_by_older_key]" in ran.err
    town("round", "open", "l1", "--now", towns.OPENS)
    town("draw", "run", "l1", "--to", "out", "--now", towns.OPENS)
    rotate(town, "--now", "2020-03-27 10:00")
    (certificate,) = (here / "out").glob("*certificate*.json")
    (entrants,) = (here / "out").glob("*.csv")
    town("draw", "verify", str(certificate), "--entrants", str(entrants))
    prove(town)


def test_who_is_one_person_stays_one(town: Voucher, here: Path) -> None:
    towns.make_round(town, "l1", "--mode", "fcfs", packs=4, closes="2020-03-29 08:00")
    applied = "application_no,round,resident,applied_at,mobile\n" + "".join(
        f"A{n},l1,R{n},2020-03-27 08:00:0{n},1380000000{n // 3}\n" for n in range(6)
    )
    town("application", "import", towns.write("applied.csv", applied), "--now", OPENS)
    sizes = "SELECT count(*) FROM persons GROUP BY person"
    assert towns.ask(here, sizes) == [(3,), (3,)]
    rotate(town, "--now", OPENS)
    assert towns.ask(here, sizes) == [(3,), (3,)]
    prove(town)


def test_a_registry_that_comes_again_changes_nobody(town: Voucher, here: Path) -> None:
    registry = "merchant_no,name,district,address\nM1,面馆,西湖区,文三路13812345679\n"
    town("merchant", "import", towns.write("a.csv", registry))
    kept = "SELECT address FROM merchants WHERE merchant_no = 'M1'"
    old = towns.ask(here, kept)
    rotate(town)
    assert old != towns.ask(here, kept)
    again = town("merchant", "import", towns.write("b.csv", registry + "\n"), "-o", "json").data
    assert (again["accepted"], again["duplicate"]) == (0, 1), again
    prove(town)


def test_what_somebody_edited_is_not_made_right_by_a_rotation(town: Voucher, here: Path) -> None:
    towns.by_hand(here, "UPDATE claims SET claimed_at = claimed_at + 1 WHERE claim_no = 'C2'")
    rotate(town)
    assert "facts_as_written: claims 0-63" in town("check", expect=5).err


def test_a_token_or_a_fingerprint_of_other_keys_is_found(town: Voucher, here: Path) -> None:
    before = dict(towns.ask(here, "SELECT claim_no, resident FROM claims"))
    rotate(town)
    towns.by_hand(
        here, f"UPDATE claims SET resident = x'{before['C1'].hex()}' WHERE claim_no = 'C1'"
    )
    assert "keys_as_logged: claims: expected tokens by 02 keys" in town("check", expect=5).err
    (known,) = towns.ask(here, "SELECT hex(fingerprint) FROM identity_key")
    rotate(town)
    towns.by_hand(here, f"UPDATE identity_key SET fingerprint = x'{known[0]}'")
    assert "keys_as_logged: identity_key" in town("check", expect=5).err


def test_what_somebody_put_in_the_place_of_a_token_stays_and_is_found(
    town: Voucher, here: Path
) -> None:
    towns.by_hand(here, "UPDATE claims SET resident = x'0102' WHERE claim_no = 'C2'")
    rotate(town)
    found = town("check", expect=5).err
    assert "keys_as_logged: claims: expected tokens by 02 keys, found 1 by" in found


# ---------------------------------------------------------------- no token is forgotten

# Where a token may stay as it was written: what people wrote, and the log of it.
AS_WRITTEN = {
    ("audit", "detail"),
    ("proposals", "note"),
    ("verdicts", "note"),
    ("suspensions", "reason"),
}
# Bytes that are no tokens.
OTHER_BYTES = {
    ("draws", "sealed_seed"),
    ("redemption_runs", "keys"),
    ("merchant_runs", "merchants"),
    ("used_claims", "claims"),
    ("identity_key", "fingerprint"),
    ("fact_digests", "digest"),
}


def test_every_column_of_bytes_is_wrapped_or_holds_no_token(town: Voucher, here: Path) -> None:
    said = " ".join((*key_rings.WRAP, key_rings.JOIN))
    columns = towns.ask(
        here,
        "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c"
        " WHERE m.type = 'table' AND c.type = 'BLOB'",
    )
    for table, column in {*columns} - OTHER_BYTES:
        assert re.search(rf"\b{table}\b[^;]*\b{column}\b", said), (table, column)


def stale(here: Path, tokens: set[str]) -> set[tuple[str, str]]:
    """The columns that hold one of these tokens, as bytes or in a text."""
    found = set()
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        tables = [
            row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        for table in tables:
            cursor = db.execute(f'SELECT * FROM "{table}"')
            names = [each[0] for each in cursor.description]
            for row in cursor:
                for name, value in zip(names, row, strict=True):
                    text = value.hex() if isinstance(value, bytes) else str(value)
                    if any(token in text for token in tokens):
                        found.add((table, name))
    return found


def test_no_token_of_the_keys_before_is_left(town: Voucher, here: Path) -> None:
    import_claims(
        town,
        "D1,r9,13800000001,2020-03-27 08:00:05",
        f"D2,r1,{ANNA},2020-03-27 08:00:06",
        "13812345679,r1,13800000003,2020-03-27 08:00:07",
        expect=4,
    )
    town("merchant", "suspend", "M2", "--reason", "asked by 13800000001")
    registry = "merchant_no,name,district,address\nM1,面馆,西湖区,文三路13800000001\n"
    town("merchant", "import", towns.write("a.csv", registry))
    people = (ANNA, BERT, CARL, "13800000001", "13800000003", "13812345679")
    ring = identities.load_ring(here / "voucher.db")
    tokens = {identities.token(ring, one).hex() for one in people}
    before = stale(here, tokens)
    assert {("claims", "resident"), ("rejects", "cells"), ("merchants", "address")} <= before
    rotate(town)
    assert stale(here, tokens) <= AS_WRITTEN
    new = {identities.token(identities.load_ring(here / "voucher.db"), one).hex() for one in people}
    assert stale(here, new) >= before - AS_WRITTEN
    prove(town)


# ---------------------------------------------------------------- the key file


@posix
def test_the_key_file_holds_both_keys_for_its_owner_alone(town: Voucher, here: Path) -> None:
    (first,) = keys(here)
    rotate(town)
    assert keys(here)[0] == first and len(keys(here)) == 2
    assert stat.S_IMODE((here / "voucher.key").stat().st_mode) == 0o600
    assert not [*here.glob(".voucher.key*")]


def test_without_its_new_key_the_file_is_not_used(town: Voucher, here: Path) -> None:
    first = (here / "voucher.key").read_bytes()
    rotate(town)
    (here / "voucher.key").write_bytes(first)
    assert "[wrong_key]" in town("claim", "list", expect=3).err
    (here / "voucher.key").write_bytes(first + b"ab" * 32 + b"\n")
    assert "[wrong_key]" in rotate(town, expect=3).err
    (here / "voucher.key").write_bytes(first + b"ab\n")
    assert "[bad_key]" in rotate(town, expect=3).err


def test_a_key_that_a_killed_rotation_left_is_taken_by_the_next(town: Voucher, here: Path) -> None:
    with (here / "voucher.key").open("a") as file:
        file.write("cd" * 32 + "\n")
    assert claims_of(town, ANNA) == ["C1"]
    import_claims(town, "D1,r1,13800000001,2020-03-27 08:00:05")
    states = [each["state"] for each in town("key", "show", "-o", "json").data["keys"]]
    assert states == ["in use", "not in use yet"]
    rotate(town)
    assert keys(here)[1:] == ["cd" * 32]
    assert claims_of(town, "13800000001") == ["D1"]


@posix
def test_a_key_file_that_cannot_be_written_changes_nothing(town: Voucher, here: Path) -> None:
    before = (here / "voucher.key").read_bytes()
    (here / ".voucher.key.part").mkdir()
    ran = rotate(town, expect=3)
    assert "no_permission" in ran.err
    assert (here / "voucher.key").read_bytes() == before
    assert claims_of(town, ANNA) == ["C1"]
    prove(town)


@posix
def test_on_a_full_disk_nothing_is_rotated(many: Path, voucher: Voucher) -> None:
    from simulation.deeds import run_on_full_disk

    voucher("claim", "import", "claims.csv", "--now", "2020-03-27 10:00")
    before = (many / "voucher.key").read_bytes()
    why = "a line that needs more than one page " * 1_000
    words = ("key", "rotate", "--reason", why, "--now", "2020-03-27 10:00")
    assert run_on_full_disk(*words, pages=1) == 3
    assert (many / "voucher.key").read_bytes() == before
    assert claims_of(voucher, "13900000007") == ["C7"]
    prove(voucher)


@posix
def test_a_file_that_is_only_read_keeps_its_key(town: Voucher, here: Path) -> None:
    asked = f"file:{here / 'voucher.db'}?mode=ro"
    with closing(sqlite3.connect(asked, uri=True)) as db:
        session = Session(db, here / "voucher.db", 0, "mei", "mei", 0)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            ops.rotate(session, "x")
    assert len(keys(here)) == 1


@pytest.mark.parametrize(("typed", "number"), [("n\n", 1), ("y\n", 2)])
def test_at_a_terminal_it_says_how_long_it_takes_and_asks(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch, typed: str, number: int
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    asked = town("key", "rotate", *WHY, expect=None).err
    assert asked.startswith("3 tokens are wrapped by a new key: for about 1 seconds nobody else")
    assert "Rotate the key now? [y/N]" in asked
    assert len(keys(here)) == number


def test_a_file_that_does_not_know_its_key_is_not_rotated(town: Voucher, here: Path) -> None:
    towns.by_hand(here, "DELETE FROM identity_key")
    assert "[key_unconfirmed]" in rotate(town, expect=3).err
    town("init")
    rotate(town)


def test_there_is_a_most_of_keys(town: Voucher, here: Path) -> None:
    many = tuple(bytes([n]) * 32 for n in range(1, resident_tokens.MOST_KEYS + 1))
    first = identities.read_keys(here / "voucher.db")
    identities.write_keys(here / "voucher.db", first + many[1:])
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        key_fingerprints.change(db, first + many[1:])
        db.commit()
    assert "[too_many_keys]" in rotate(town, expect=3).err


@posix
def test_a_linked_an_empty_and_an_open_key_are_refused(town: Voucher, here: Path) -> None:
    key = here / "voucher.key"
    content = key.read_bytes()
    key.chmod(0o644)
    assert "[key_exposed]" in rotate(town, expect=3).err
    key.chmod(0o600)
    key.write_bytes(b"")
    assert "[bad_key]" in rotate(town, expect=3).err
    key.unlink()
    assert "[no_key]" in rotate(town, expect=3).err
    (here / "other").write_bytes(content)
    key.symlink_to(here / "other")
    assert "[linked_key]" in rotate(town, expect=3).err
    assert (here / "other").read_bytes() == content


# ---------------------------------------------------------------- backups


def test_a_backup_from_before_comes_back_with_the_keys_of_now(town: Voucher, here: Path) -> None:
    old = town("backup", "-o", "json").data["file"]
    rotate(town)
    new = town("backup", "-o", "json", "--now", OPENS).data["file"]
    town("restore", old)
    assert claims_of(town, ANNA) == ["C1"]
    prove(town)
    rotate(town)  # the same key again
    assert claims_of(town, ANNA) == ["C1"] and len(keys(here)) == 2
    town("restore", new)
    assert claims_of(town, ANNA) == ["C1"]
    prove(town)


def test_a_copy_of_the_keys_grows_with_them(town: Voucher, here: Path) -> None:
    town("backup", "--key-to", "safe")
    shutil.copytree(here, here.with_name("elsewhere"))
    rotate(town)
    new = town("backup", "--key-to", "safe", "-o", "json", "--now", OPENS).data["file"]
    assert (here / "safe/voucher.key").read_bytes() == (here / "voucher.key").read_bytes()
    elsewhere = ("--db", str(here.with_name("elsewhere") / "voucher.db"))
    refused = town("restore", str(here / new), *elsewhere, expect=3)
    assert "[wrong_key]" in refused.err
    town("restore", str(here / new), "--key", "safe/voucher.key", *elsewhere)
    data = town("claim", "list", "--resident", ANNA, "-o", "json", *elsewhere).data
    assert [each["claim_no"] for each in data["claims"]] == ["C1"]
    (here / "safe/voucher.key").write_text("ef" * 32 + "\n")
    assert "[file_exists]" in town("backup", "--key-to", "safe", expect=3).err


# ---------------------------------------------------------------- beside others, and killed


def test_who_opened_the_file_before_the_rotation_writes_nothing_after(
    town: Voucher, here: Path
) -> None:
    asked = {"actor": "mei", "programme": None, "entered_at": 0, "dry_run": False}
    with open_session(
        here / "voucher.db", present=lambda zone: towns.at(OPENS), **asked
    ) as session:
        with writing(session):
            pass
        rotate(town)
        with pytest.raises(Busy, match="rotated"), writing(session):
            raise AssertionError


@pytest.fixture
def many(voucher: Voucher, once: Once, here: Path) -> Path:
    """A town with room for all claims of a file, which lies in the inbox too."""

    def build() -> None:
        towns.build(voucher, towns.programme(funds={"treasury": "9000000.00"}), towns.pack())
        towns.make_round(voucher, "r1", closes="2020-03-28 08:00", state="open", packs=CLAIMS)

    once("rotation beside others", build)
    rows = "".join(f"C{n},r1,139{n:08d},2020-03-27 08:00:{n % 60:02d}\n" for n in range(CLAIMS))
    landed = here / "inbox/shop/claims/claims.csv"
    landed.parent.mkdir(parents=True)
    for path in (here / "claims.csv", landed):
        path.write_text(HEADER + rows)
    os.utime(landed, (0, 0))  # it is whole
    return here


CLAIMS, LINES = 3_000, 5
STATE = "SELECT state FROM batches"


@posix
@pytest.mark.parametrize(
    ("words", "codes"),
    [(("claim", "import", "claims.csv"), (75,)), (("schedule", "tick"), (4, 75))],
    ids=["import", "tick"],
)
@pytest.mark.parametrize("bytes_", [1 << 40, 0], ids=["by rows", "by columns"])
def test_a_rotation_beside_an_import_loses_nobody(
    many: Path, voucher: Voucher, words: tuple[str, ...], codes: tuple[int, ...], bytes_: int
) -> None:
    environ = os.environ | {"VOUCHER_NOW": "2020-03-27 10:00"}
    child = forked(many, *words, environ=environ, lines=LINES, bytes_=bytes_)
    while not towns.ask(many, STATE):  # its first chunk is safe
        assert child.poll() is None
    while forked(many, "key", "rotate", *WHY, environ=environ).wait() == 75:
        pass
    assert child.wait() in codes
    assert towns.ask(many, STATE) == [("importing",)]
    found = towns.ask(many, "SELECT DISTINCT length(resident) FROM claims")
    assert found == [(17,)]
    voucher(*words, "--now", "2020-03-27 10:01")
    assert towns.ask(many, "SELECT count(DISTINCT resident) FROM claims") == [(CLAIMS,)]
    assert towns.ask(many, STATE) == [("done",)]
    prove(voucher)


def rotated_until(step: int) -> bool:
    """`key rotate` in a child that dies at its so many-th step on files or commit; whether it
    did.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _die_at(step)
            from simulation.deeds import run

            code = run("key", "rotate", *WHY).code
        finally:
            os._exit(code)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in (0, -signal.SIGKILL)
    return ended != 0


def _die_at(step: int) -> None:
    seen = iter(range(1, 1 << 30))

    def counted(function: Any) -> Any:
        def call(*given: Any, **more: Any) -> Any:
            if next(seen) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            made = function(*given, **more)
            if next(seen) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return made

        return call

    class Counted(sqlite3.Connection):
        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            if statement in ("COMMIT", *key_rings.WRAP, key_rings.JOIN):
                return counted(super().execute)(statement, *values)
            return super().execute(statement, *values)

    for name in ("open", "fsync", "replace", "unlink"):
        setattr(os, name, counted(getattr(os, name)))
    connect = sqlite3.connect
    sqlite3.connect = lambda *given, **more: connect(*given, **{"factory": Counted, **more})  # type: ignore[assignment]


@posix
def test_a_kill_at_any_step_leaves_keys_and_tokens_that_fit(town: Voucher, here: Path) -> None:
    kept = {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()}
    seen: set[tuple[int, int]] = set()
    step = 1
    while True:
        for path in here.glob("*voucher.*"):
            path.unlink()
        for path in here.glob(".voucher.*"):
            path.unlink()
        for name, content in kept.items():
            (here / name).write_bytes(content)
        (here / "voucher.key").chmod(0o600)
        is_killed = rotated_until(step)
        states = [each["state"] for each in town("key", "show", "-o", "json").data["keys"]]
        seen.add((len(states), states.count("in use")))
        assert claims_of(town, ANNA) == ["C1"]
        prove(town)
        if not is_killed:
            break
        used = states.count("in use")
        rotate(town)
        assert claims_of(town, ANNA) == ["C1"]
        assert len(keys(here)) == used + 1
        step += 1
    assert seen == {(1, 1), (2, 1), (2, 2)}  # before, between, after
    assert step > 10


@posix
@pytest.mark.slow
def test_rotations_killed_at_random_moments_lose_nobody(
    many: Path, voucher: Voucher, start: Any
) -> None:
    voucher("claim", "import", "claims.csv", "--now", "2020-03-27 10:00")
    environ = os.environ | {"VOUCHER_NOW": "2020-03-27 10:00"}
    chance = random.Random(5)
    for _ in range(2):  # the second finds everything in the machine's memory
        begun = time.monotonic()
        assert start(many, "key", "rotate", *WHY, environ=environ).wait() == 0
        length = time.monotonic() - begun
    caught = 0
    for number in range(40):
        child = start(many, "key", "rotate", *WHY, environ=environ)
        with suppress(subprocess.TimeoutExpired):
            child.wait(chance.uniform(0.1, 1.1) * length)
        caught += child.poll() is None
        child.kill()
        child.wait()
        assert claims_of(voucher, f"139{number:08d}") == [f"C{number}"]
        if number % 8 == 0:
            prove(voucher)
    assert caught > 5
    prove(voucher)
