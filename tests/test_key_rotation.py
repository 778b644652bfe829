"""The rotation of the identity key: everybody is found again, limits and lists hold, and no token of
the keys before is left where the program writes.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.rules import resident_tokens
from vouchercli.store import identities, key_rings, sealed_accounts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran

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
    said = " ".join(
        (*key_rings.WRAP, key_rings.JOIN, sealed_accounts.PUT, sealed_accounts.TRANSFERS)
    )
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
