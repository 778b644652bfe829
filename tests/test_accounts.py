"""Account numbers of merchants: masked wherever one looks, opened for the bank's file alone."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import test_settlements as paying
import towns
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.rules import accounts
from vouchercli.rules.resident_tokens import Ring
from vouchercli.store import db as store
from vouchercli.store import held_platforms, ledger
from vouchercli.store.sealed_accounts import Safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIRST, SECOND, ALIKE = "1202020009900012345", "6222020009900098765", "6228480009900012345"
HEADER = "merchant_no,name,district,industry,size,account_name,account_no,bank\n"
ROW = "{},老马面馆,上城区,餐饮,小微,老马面馆有限公司,{},工商银行\n"
OLDER = Path(__file__).parent / "cases" / "older" / "026.db.gz"
OLDER_CLEAR = (
    b"6228480000000000011",
    b"6228 4800 0000 0000 029",
    b"6228480000000000037",
    b"6228480000000000045",
    b"6228480000000000052",
    b"6228480000000000060",
)
CHECK = ("check", "-o", "json", "--now", "2020-06-01 12:00")
NUMBERS = st.text("0123456789ABCXYZ", min_size=1, max_size=34)

library = pytest.importorskip("cryptography")


@pytest.fixture
def ready(voucher: Callable[..., Any]) -> Callable[..., Any]:
    voucher("init")
    return voucher


@pytest.fixture
def changed(ready: Callable[..., Any]) -> Callable[..., Any]:
    """A merchant whose account number a second registry file changed."""
    for name, account_no in (("first.csv", FIRST), ("second.csv", SECOND)):
        bring(ready, name, ("M001", account_no))
    return ready


def bring(voucher: Callable[..., Any], name: str, *rows: tuple[str, str], **ran: Any) -> Any:
    """Import a registry of (merchant_no, account_no)."""
    Path(name).write_text(HEADER + "".join(ROW.format(*each) for each in rows), "utf-8")
    return voucher("merchant", "import", name, "-o", "json", **ran).json["data"]


def kept() -> list[tuple[str, str, bytes, bytes]]:
    """(merchant_no, masked, token, sealed) of every account."""
    return towns.ask(
        ".",
        "SELECT merchant_no, account_no, token, sealed FROM merchants"
        " JOIN merchant_accounts USING (merchant_id) ORDER BY merchant_no",
    )


def opened(merchant_no: str = "M001") -> str:
    """The number that the key file opens."""
    keys = tuple(map(bytes.fromhex, Path("voucher.key").read_text().split()))
    return next(
        Safe(Ring(keys)).open(no, sealed) for no, _, _, sealed in kept() if no == merchant_no
    )


def files_of_the_database() -> Iterator[bytes]:
    return (path.read_bytes() for path in Path().glob("voucher.db*"))


def states(ran: Any) -> dict[str, str]:
    return {each["check"]: each["state"] for each in ran.json["data"]["checks"]}


# ---------------------------------------------------------------- the law


@pytest.mark.parametrize(
    ("account_no", "masked"),
    [
        (FIRST, "***************2345"),
        ("123456789", "*****6789"),
        ("12345678", "********"),
        ("", ""),
    ],
)
def test_the_last_four_characters_are_shown(account_no: str, masked: str) -> None:
    assert accounts.masked(account_no) == masked


@given(st.text(max_size=40))
def test_a_mask_keeps_the_length_and_masks_once(account_no: str) -> None:
    masked = accounts.masked(account_no)
    assert len(masked) == len(account_no)
    assert accounts.masked(masked) == masked
    assert set(masked[:-4]) <= {"*"}


@given(NUMBERS, st.lists(st.integers(0, 34), max_size=6), st.booleans())
def test_spellings_of_a_number_are_written_alike(
    number: str, blanks: list[int], is_wide: bool
) -> None:
    spelt = number
    for at in sorted(blanks, reverse=True):
        spelt = f"{spelt[:at]} {spelt[at:]}"
    if is_wide:
        spelt = spelt.translate({each: each + 0xFEE0 for each in range(0x21, 0x7F)})
    safe = Safe(Ring((b"k" * 32,)))
    assert safe.write("M1", spelt) == safe.write("M1", number)


@given(NUMBERS, NUMBERS, st.text(min_size=1, max_size=8))
def test_what_is_sealed_opens_for_its_merchant_alone(number: str, other: str, no: str) -> None:
    safe = Safe(Ring((b"k" * 32,)))
    token, sealed = safe.seal(no, number)
    assert safe.open(no, sealed) == number
    assert number.encode() not in sealed or len(number) < 4
    assert (safe.seal(f"{no}1", number)[0] == token) and (safe.seal(no, other)[0] == token) == (
        number == other
    )
    for moved in (f"{no}1", ""):
        with pytest.raises(ValueError, match="not sealed"):
            safe.open(moved, sealed)
    with pytest.raises(ValueError, match="not sealed"):
        Safe(Ring((b"l" * 32,))).open(no, sealed)


@given(NUMBERS, st.integers(min_value=0))
def test_a_damaged_byte_is_noticed(number: str, place: int) -> None:
    safe = Safe(Ring((b"k" * 32, b"l" * 32)))
    _, sealed = safe.seal("M1", number)
    at = place % len(sealed)
    damaged = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
    with pytest.raises(ValueError, match="sealed"):
        safe.open("M1", damaged)


def test_keys_are_derived_as_hkdf_does_it() -> None:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    ours = accounts.keys_of(b"k" * 32)._asdict()
    for use, key in ours.items():
        theirs = HKDF(SHA256(), 32, salt=None, info=b"voucher account " + use.encode())
        assert theirs.derive(b"k" * 32) == key
    assert len({*ours.values()}) == 3


# ---------------------------------------------------------------- what one sees


@pytest.mark.parametrize("kind", ["table", "json", "csv"])
@pytest.mark.parametrize("command", [("list",), ("show", "M001")])
def test_a_merchant_is_shown_without_its_number(
    changed: Callable[..., Any], command: tuple[str, ...], kind: str
) -> None:
    ran = changed("merchant", *command, "-o", kind)
    assert FIRST not in ran.out + ran.err
    assert SECOND not in ran.out + ran.err
    assert "老马面馆" in ran.out


def test_a_change_of_account_is_told_by_the_last_four(changed: Callable[..., Any]) -> None:
    data = changed("merchant", "show", "M001", "-o", "json").data
    assert data["account_no"] == accounts.masked(SECOND)
    told = [(each["before"], each["after"]) for each in data["changes"][1:]]
    assert told == [(accounts.masked(FIRST), accounts.masked(SECOND))]


def test_no_number_stands_in_the_database_its_log_or_what_commands_say(
    changed: Callable[..., Any],
) -> None:
    data = bring(changed, "odd.csv", ("M002", FIRST), ("M002", SECOND), ("", ALIKE), expect=4)
    assert data["rejected"] == 2
    Path("long.csv").write_text(HEADER + ROW.format("M003", ALIKE).strip() + ",more,\n", "utf-8")
    changed("merchant", "import", "long.csv", expect=4)
    said = [
        changed(*words, expect=None)
        for words in (
            ("merchant", "list", "-o", "json"),
            ("batch", "show", "3", "-o", "json"),
            ("batch", "rejects", "3", "-o", "json"),
            ("batch", "rejects", "4", "-o", "json"),
            ("batch", "list"),
            ("audit", "log", "-o", "json"),
            ("check", "-o", "json"),
            ("key", "show"),
            ("doctor", "-o", "json"),
        )
    ]
    changed("batch", "rejects", "3", "--to", "rejects.csv")
    texts = [
        *(ran.out.encode() + ran.err.encode() for ran in said),
        Path("rejects.csv").read_bytes(),
        *files_of_the_database(),
    ]
    for number in (FIRST, SECOND, ALIKE):
        assert not any(number.encode() in text for text in texts)
    assert accounts.masked(ALIKE).encode() in b"".join(texts)


def test_a_short_number_in_a_row_that_shifted_is_masked_too(changed: Callable[..., Any]) -> None:
    """Of a registry with a column of accounts; where none is known, only long ones may be one."""
    short = "81009127"
    Path("long.csv").write_text(HEADER + ROW.format("M003", short).strip() + ",more,\n", "utf-8")
    changed("merchant", "import", "long.csv", expect=4)
    Path("none.csv").write_text(f"merchant_no,name\nM004,four,{short},{SECOND}\n", "utf-8")
    changed("merchant", "import", "none.csv", expect=4)
    assert short not in changed("batch", "rejects", "3", "-o", "json").out
    rest = changed("batch", "rejects", "4", "-o", "json").out
    assert short in rest and SECOND not in rest


def test_a_masked_number_is_no_account(changed: Callable[..., Any]) -> None:
    shown = accounts.masked(SECOND)
    data = bring(changed, "masked.csv", ("M001", shown), ("M002", shown), expect=4)
    assert (data["accepted"], data["reasons"]) == (0, {"bad_row": 2})
    assert opened() == SECOND
    assert "masked" in changed("batch", "rejects", "3").out


# ---------------------------------------------------------------- files that come


def test_the_same_number_again_is_no_change(changed: Callable[..., Any]) -> None:
    before = kept()
    wide = SECOND.translate({each: each + 0xFEE0 for each in range(0x30, 0x3A)})
    for name, text in (("blanks.csv", f"{SECOND[:4]} {SECOND[4:]}"), ("wide.csv", wide)):
        data = bring(changed, name, ("M001", text))
        assert (data["accepted"], data["duplicate"], data["changed"]) == (0, 1, 0)
    assert kept() == before
    changed("check")


def test_numbers_that_look_alike_are_told_apart(changed: Callable[..., Any]) -> None:
    for name, number in (("a.csv", ALIKE[:2] + FIRST[2:]), ("b.csv", ALIKE)):
        data = bring(changed, name, ("M001", number))
        assert (data["accepted"], data["changed"]) == (1, 1)
    assert accounts.masked(FIRST) == accounts.masked(ALIKE)  # so are those that are known
    assert opened() == ALIKE
    changed("check")


def test_a_row_that_names_another_account_contradicts_the_first(ready: Callable[..., Any]) -> None:
    rows = (("M1", FIRST), ("M1", ALIKE), ("M1", FIRST), ("M2", FIRST))
    data = bring(ready, "a.csv", *rows, expect=4)
    assert (data["accepted"], data["duplicate"], data["reasons"]) == (2, 1, {"conflicting_row": 1})
    (_, _, one, _), (_, _, other, _) = kept()
    assert one == other  # one account of two merchants is found
    ready("check")


def test_a_column_that_is_blank_takes_the_account_away_and_one_that_is_not_there_leaves_it(
    changed: Callable[..., Any],
) -> None:
    Path("other.csv").write_text("merchant_no,name\nM001,老马新馆\n", "utf-8")
    changed("merchant", "import", "other.csv")
    assert opened() == SECOND
    bring(changed, "blank.csv", ("M001", ""))
    assert kept() == []
    changed("batch", "undo", "4")
    assert opened() == SECOND
    changed("check")


def test_an_undone_file_gives_the_account_back(changed: Callable[..., Any]) -> None:
    second = kept()
    changed("batch", "undo", "2")
    assert opened() == FIRST
    changed("check")
    bring(changed, "again.csv", ("M001", SECOND))
    assert kept() == second
    for batch in ("3", "1"):
        changed("batch", "undo", batch)
    assert kept() == []
    changed("check")


def test_without_the_library_a_registry_with_accounts_is_refused(
    ready: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cryptography.exceptions", "cryptography.hazmat.primitives.ciphers.aead"):
        monkeypatch.setitem(sys.modules, name, None)
    Path("a.csv").write_text(HEADER + ROW.format("M1", FIRST), "utf-8")
    assert "pip install cryptography" in ready("merchant", "import", "a.csv", expect=3).err
    assert bring(ready, "b.csv", ("M1", ""))["accepted"] == 1
    ready("check")


# ---------------------------------------------------------------- keys


def test_after_a_rotation_accounts_open_and_registries_are_known(
    changed: Callable[..., Any],
) -> None:
    before = kept()
    changed("key", "rotate", "--reason", "a copy was lost")
    after = kept()
    assert {before[0][2:]}.isdisjoint({after[0][2:]}) and after[0][3][0] == 2
    assert opened() == SECOND
    assert bring(changed, "same.csv", ("M001", f"{SECOND} "))["duplicate"] == 1
    changed("check")
    for batch in ("3", "2"):
        changed("batch", "undo", batch)
    assert opened() == FIRST
    changed("check")
    changed("audit", "verify")


def test_a_key_that_was_lost_is_not_made_anew_once_accounts_are_in(
    changed: Callable[..., Any],
) -> None:
    Path("voucher.key").rename("safe.key")
    assert "[no_key]" in changed("init", expect=3).err
    Path("safe.key").rename("voucher.key")
    assert opened() == SECOND


def test_a_backup_brings_accounts_back(changed: Callable[..., Any]) -> None:
    before = kept()
    backup = changed("backup", "-o", "json", "--key-to", "keys").data["file"]
    bring(changed, "third.csv", ("M001", FIRST))
    changed("restore", backup)
    assert kept() == before
    assert opened() == SECOND
    assert SECOND.encode() not in Path(backup).read_bytes()


@pytest.fixture
def settled(voucher: Any) -> Any:
    """A settlement that is approved."""
    paying.build(voucher)
    paying.spend(voucher)
    paying.sign(voucher, "2020-03-27")
    paying.settle(voucher, "2020-03-27")
    paying.decide(voucher, 1)
    return voucher


def export(voucher: Any, expect: int = 0) -> Any:
    return voucher(
        *("settlement", "export", "1", "--bank", "voucher", "--to", "pay.csv"),
        *(*paying.WU, *paying.LATER),
        expect=expect,
    )


def test_the_bank_alone_gets_the_number(settled: Any) -> None:
    ran = export(settled)
    assert "6228480000000000011" in Path("pay.csv").read_text("utf-8-sig")
    assert "6228480000000000011" not in ran.out + ran.err + settled("audit", "log").out


def test_without_the_right_key_nothing_is_exported(settled: Any) -> None:
    key = Path("voucher.key")
    right = key.read_text()
    key.unlink()
    assert "[no_key]" in export(settled, expect=3).err
    key.write_text("ab" * 32 + "\n")
    key.chmod(0o600)
    assert "[wrong_key]" in export(settled, expect=3).err
    assert not Path("pay.csv").exists()
    key.write_text(right)
    export(settled)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE merchant_accounts SET sealed = (SELECT sealed FROM merchant_accounts"
        " WHERE merchant_id = 2) WHERE merchant_id = 1",
        "UPDATE merchant_accounts SET sealed = CAST(sealed || x'00' AS BLOB) WHERE merchant_id = 1",
    ],
)
def test_what_does_not_open_is_not_paid(settled: Any, edit: str) -> None:
    towns.by_hand(".", edit)
    err = export(settled, expect=3).err
    assert "merchant M1 cannot be opened" in err and "[account_damaged]" in err
    assert not Path("pay.csv").exists()


# ---------------------------------------------------------------- check

FORGED = {
    "a number in clear": f"UPDATE merchants SET account_no = '{FIRST}'",
    "a short one": "UPDATE merchants SET account_no = '6222'",
    "other last digits": "UPDATE merchants SET account_no = '***************9999'",
    "none shown": "UPDATE merchants SET account_no = ''",
    "none sealed": "DELETE FROM merchant_accounts",
    "a token": "UPDATE merchant_accounts SET token = zeroblob(16)",
    "what is sealed": "UPDATE merchant_accounts SET sealed = zeroblob(60)",
    "a change in clear": "UPDATE merchant_changes SET before ="
    f" json_set(before, '$.account_no', '{FIRST}') WHERE before <> ''",
    "what is sealed of a change": "UPDATE merchant_changes SET before = replace(before,"
    " substr(before, instr(before, '|') + 70, 20), '00000000000000000000') WHERE before <> ''",
}


@pytest.mark.parametrize("edit", FORGED.values(), ids=FORGED)
def test_what_is_forged_is_found(changed: Callable[..., Any], edit: str) -> None:
    assert states(changed(*CHECK))["accounts_sealed"] == "ok"
    towns.by_hand(".", edit)
    assert states(changed(*CHECK, expect=5))["accounts_sealed"] != "ok"


def test_without_the_key_it_is_said_how_many_were_not_opened(changed: Callable[..., Any]) -> None:
    assert "not opened" not in changed(*CHECK[:1], *CHECK[3:]).err
    Path("voucher.key").rename("elsewhere.key")
    ran = changed(*CHECK[:1], *CHECK[3:], expect=None)
    assert "3 sealed account numbers were not opened" in ran.out + ran.err


# ---------------------------------------------------------------- what killed exports left


@pytest.mark.parametrize(
    "command", [("doctor", "-o", "json"), ("schedule", "tick", "--clock-is-right")]
)
def test_drafts_of_payment_files_are_taken_away(
    ready: Callable[..., Any], command: tuple[str, ...]
) -> None:
    left, living = Path(".pay.csv.secret.999999999.part"), Path(f".b.secret.{os.getpid()}.part")
    for each in (left, living):
        each.write_text(FIRST, "utf-8")
    ran = ready(*command, expect=None)
    assert (left.exists(), living.exists()) == (False, True)
    if command[0] == "doctor":
        assert "drafts_swept" in [each["code"] for each in ran.json["problems"]]


# ---------------------------------------------------------------- files of earlier versions


@pytest.fixture
def older(voucher: Callable[..., Any]) -> Callable[..., Any]:
    """A file of schema 26, whose merchants have accounts in clear; nobody has opened it yet."""
    Path("voucher.db").write_bytes(gzip.decompress(OLDER.read_bytes()))
    assert all(number in Path("voucher.db").read_bytes() for number in OLDER_CLEAR)
    return voucher


def test_an_upgrade_seals_every_number_and_leaves_none_in_the_bytes(
    older: Callable[..., Any],
) -> None:
    older("merchant", "list")
    for content in files_of_the_database():
        assert not any(number in content for number in OLDER_CLEAR)
    assert [opened(no) for no in ("M1", "M2", "M3")] == [
        "6228480000000000052",
        "6228480000000000029",
        "6228480000000000060",
    ]
    older(*CHECK)
    older("batch", "undo", "2")
    assert opened("M1") == "6228480000000000011"
    older(*CHECK)


def test_an_upgrade_without_the_key_that_residents_need_changes_nothing(
    older: Callable[..., Any],
) -> None:
    with closing(sqlite3.connect("voucher.db")) as db:
        db.execute("INSERT INTO listings VALUES (1, 1, 1, zeroblob(16), '', '')")
        db.commit()
    assert "[accounts_need_key]" in older("merchant", "list", expect=3).err
    assert towns.ask(".", "SELECT account_no FROM merchants WHERE merchant_no = 'M1'") == [
        ("6228480000000000052",)
    ]
    assert not Path("voucher.key").exists()


def test_an_upgrade_by_a_foreign_key_changes_nothing(older: Callable[..., Any]) -> None:
    Path("voucher.key").write_text("ab" * 32 + "\n")
    Path("voucher.key").chmod(0o600)
    assert "[accounts_need_key]" in older("merchant", "list", expect=3).err
    assert towns.ask(".", "PRAGMA user_version")[0][0] < 26


def test_an_upgrade_that_was_killed_before_its_end_goes_on(older: Callable[..., Any]) -> None:
    before = towns.ask(".", "PRAGMA user_version")[0][0]
    older("merchant", "list")
    sealed = kept()
    towns.by_hand(".", f"PRAGMA user_version = {before}")
    older("merchant", "list")
    assert kept() == sealed
    older("audit", "verify")


# ---------------------------------------------------------------- an account that changed

OTHER, THIRD = "6228480000000000911", "6228480000000000929"
TOLD = ("-o", "json", *paying.LATER)


@pytest.fixture
def paid_town(voucher: Any, once: Any) -> Any:
    """M1 and M2 are settled and approved; nothing is sent yet."""

    def all_of_it() -> None:
        paying.build(voucher)
        paying.spend(voucher)
        paying.sign(voucher, "2020-03-27")
        paying.settle(voucher, "2020-03-27")
        paying.decide(voucher, 1)

    once("changed accounts", all_of_it)
    return voucher


def bring_m1(voucher: Any, account_no: str, actor: str = "mei", **ran: Any) -> Any:
    text = paying.SHOPS.replace("6228480000000000011", account_no)
    Path(f"shops{account_no[-3:]}.csv").write_text(text, "utf-8")
    args = ("merchant", "import", f"shops{account_no[-3:]}.csv", "--actor", actor, *TOLD)
    return voucher(*args, **ran).data


def let_go(voucher: Any, hold: int, actor: str, expect: int = 0) -> Any:
    return voucher(
        *("settlement", "release", str(hold), "--note", "asked by telephone", "--actor", actor),
        *paying.LATER,
        expect=expect,
    )


def held(voucher: Any) -> list[tuple[int, str, str]]:
    rows = voucher("settlement", "holds", *TOLD).data["holds"]
    return [(each["hold"], each["merchant_no"], each["reason"]) for each in rows]


def test_a_changed_account_is_paid_once_a_second_person_has_looked(paid_town: Any) -> None:
    assert bring_m1(paid_town, OTHER)["accounts_changed"] == 1
    assert held(paid_town) == [(1, "M1", "account_changed")]
    shown = paid_town("settlement", "holds", *TOLD).data["holds"][0]
    assert shown["evidence"] == (
        "batch 4, shops911.csv:2: ***************0011 > ***************0911"
    )
    assert paying.transfers(paid_town, 1)["S1-1"] == ("M1", "dropped", 3000)
    assert paying.money(paid_town) == {"payable": 2000, "held": 3000}
    assert paying.unpaid(paid_town)["M1", "account_changed"] == 3000
    waiting = paid_town("todo", *TOLD).data["waiting"]
    assert [(each["name"], each["who"]) for each in waiting if each["name"] == "accounts"] == [
        ("accounts", "lin, zhao, wu")
    ]
    zh = paid_town("settlement", "holds", "--lang", "zh", *paying.LATER).out
    assert "账户已" in zh
    assert "[own_account]" in let_go(paid_town, 1, "mei", expect=3).err
    let_go(paid_town, 1, "lin")
    made = paying.settle(paid_town, "2020-03-27").data["settlements"]
    assert [each["amount_fen"] for each in made] == [3000]
    paid_town("check")


def test_who_brings_the_next_account_does_not_let_the_first_go(paid_town: Any) -> None:
    bring_m1(paid_town, OTHER)
    bring_m1(paid_town, THIRD, actor="lin")
    assert held(paid_town) == [(1, "M1", "account_changed")]
    for name in ("mei", "lin"):
        assert "[own_account]" in let_go(paid_town, 1, name, expect=3).err
    let_go(paid_town, 1, "zhao")
    assert held(paid_town) == []


def test_an_account_that_is_put_back_is_the_one_of_before(paid_town: Any) -> None:
    bring_m1(paid_town, OTHER)
    paid_town("batch", "undo", "4", "--yes", *paying.LIN, *paying.LATER)
    assert held(paid_town) == []
    assert paying.money(paid_town) == {"payable": 5000}
    bring_m1(paid_town, THIRD)
    let_go(paid_town, 2, "lin")  # and now the undo takes away what lin has looked at
    paid_town("batch", "undo", "5", "--yes", *paying.LIN, *paying.LATER)
    assert held(paid_town) == [(3, "M1", "account_changed")]
    let_go(paid_town, 3, "mei")
    bring_m1(paid_town, OTHER)
    paid_town("batch", "undo", "6", "--yes", *paying.MEI, *paying.LATER)
    assert held(paid_town) == [(4, "M1", "account_changed")]  # who brought it does not end it
    paid_town("check")


def test_a_first_account_and_one_that_comes_back_are_not_held(paid_town: Any) -> None:
    assert bring_m1(paid_town, "")["accounts_changed"] == 0
    Path("back.csv").write_text(
        paying.SHOPS.replace("M3,three,,,", "M3,three,合成三店,6228480000000000937,合成银行"),
        "utf-8",
    )
    back = ("merchant", "import", "back.csv", *paying.MEI, *TOLD)
    assert paid_town(*back).data["accounts_changed"] == 0
    assert held(paid_town) == []
    assert bring_m1(paid_town, " ")["accounts_changed"] == 0
    assert bring_m1(paid_town, OTHER)["accounts_changed"] == 1  # taken away, then another
    assert held(paid_town) == [(1, "M1", "account_changed")]


def change_payee(voucher: Any, payees: dict[str, str]) -> None:
    terms = {"pattern": "platform_advance", "every": "day", "payees": payees}
    document = json.loads(Path("programme.yaml").read_text("utf-8")) | {"settlement": terms}
    towns.write("programme.yaml", json.dumps(document))
    voucher("programme", "load", "programme.yaml", *paying.MEI, *paying.LATER)
    voucher("programme", "approve", *paying.LIN, *paying.LATER)


def test_a_platform_whose_account_changed_is_not_paid(voucher: Any) -> None:
    terms = {"pattern": "platform_advance", "every": "day", "payees": {"alipay": "M2"}}
    paying.build(voucher, terms)
    paying.spend(voucher)
    paying.sign(voucher, "2020-03-27")
    text = paying.SHOPS.replace("6228480000000000029", OTHER)
    Path("platform.csv").write_text(text, "utf-8")
    voucher("merchant", "import", "platform.csv", *paying.MEI, *TOLD)
    with closing(sqlite3.connect("voucher.db")) as db, db:
        db.execute("UPDATE rounds SET platform = 'alipay'")
    paying.settle(voucher, "2020-03-27", "--merchant", "M3")
    with closing(store.open_db(Path("voucher.db"))) as db:  # of before: its ledger has less
        with db:
            ledger.post(db, 1, 1, "held", "payable", 4000, "upgrade", 0)
        assert paying.money(voucher) == {"held": 1000, "payable": 4000}
        with db:
            held_platforms.post_all(db)
    assert paying.money(voucher) == {"held": 5000}
    assert paying.settle(voucher, "2020-03-27").data["settlements"] == []
    assert {reason for _, reason in paying.unpaid(voucher)} == {"account_changed"}
    assert paying.money(voucher) == {"held": 5000}
    assert voucher("settlement", "holds", *TOLD).data["holds"][0]["amount_fen"] == 5000
    assert states(voucher(*CHECK, expect=5))["paid_as_posted"] == "ok"
    report = voucher("report", "settlement", *TOLD).data
    assert [(each["reason"], each["amount_fen"]) for each in report["held"]] == [
        ("account_changed", 5000)
    ]
    change_payee(voucher, {})  # then each merchant is paid itself
    assert paying.money(voucher) == {"held": 1000, "payable": 4000}
    assert states(voucher(*CHECK, expect=5))["paid_as_posted"] == "ok"
    change_payee(voucher, {"alipay": "M2"})
    let_go(voucher, 1, "lin")
    assert paying.money(voucher) == {"payable": 5000}
    made = paying.settle(voucher, "2020-03-27").data["settlements"]
    assert [each["amount_fen"] for each in made] == [5000]
