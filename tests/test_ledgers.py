"""The ledger to look at and to take elsewhere; hledger and beancount judge what is exported."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from test_funds import CLAIMED, PACK, PAID, STAFF, city, refusal, running  # noqa: F401 # fixtures

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Once, Ran

    Voucher = Callable[..., Ran]

ODD = ("A.b_c", "x-61", "财政", "a(b)=c")  # funders; none of them is a name of beancount
HLEDGER = shutil.which("hledger")
NO_HLEDGER = "hledger is not installed: apt-get install hledger"


@pytest.fixture
def odd(voucher: Voucher, once: Once) -> Voucher:
    """Funders and a round whose codes are no names of beancount's accounts."""

    def build() -> None:
        funds = {ODD[0]: "2000.00", ODD[1]: "1000.00", ODD[2]: "500.00", ODD[3]: "platform"}
        funding = dict(zip(ODD, ("40%", "30%", "20%", "10%"), strict=True))
        pack = towns.pack("pack", towns.coupon("10", "40", 5), funding=funding)
        registry = "merchant_no,name\nM1,a\n"
        towns.build(
            voucher, towns.programme("odd", funds=funds, staff=STAFF), pack, merchants=registry
        )
        towns.make_round(voucher, "R.1_x", state="open", closes=towns.CLOSES)
        rows = (towns.CLAIMS + CLAIMED, towns.PAYMENTS + PAID)
        for noun, name, text in zip(("claim", "redemption"), ("c.csv", "p.csv"), rows, strict=True):
            voucher(noun, "import", towns.write(name, text.replace("r1", "R.1_x")))
        voucher("fund", "return", ODD[1], "100.01", "--actor", "mei")
        voucher("programme", "approve", "--actor", "lin")

    once("odd funds", build)
    return voucher


def postings(voucher: Voucher, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = voucher("ledger", "show", *args, "-o", "json").data["postings"]
    return found


def standing(voucher: Voucher, *args: str) -> dict[tuple[str, str, str | None], int]:
    """(account, funder, round) -> fen."""
    rows = voucher("ledger", "accounts", *args, "-o", "json").data["accounts"]
    return {(each["account"], each["funder"], each["round"]): each["amount_fen"] for each in rows}


# ---------------------------------------------------------------- to look at


def test_the_accounts_of_a_funder_and_round_add_up_by_hand(running: Voucher) -> None:  # noqa: F811
    assert standing(running, "--funder", "district") == {
        ("appropriated", "district", None): -1000_00,
        ("uncommitted", "district", None): 875_00,
        ("committed", "district", "r1"): 100_00,
        ("outstanding", "district", "r1"): 22_50,
        ("payable", "district", "r1"): 2_50,
    }
    of_round = standing(running, "--round", "r1")
    assert {account for account, _, _ in of_round} == {"committed", "outstanding", "payable"}
    assert sum(of_round.values()) == 500_00 * 2  # subsidy and match
    assert sum(standing(running).values()) == 0


def test_postings_say_whence_whither_and_why(running: Voucher) -> None:  # noqa: F811
    (first,) = postings(running, "--funder", "treasury", "--account", "appropriated")
    assert (first["from_account"], first["to_account"], first["why"]) == (
        "appropriated",
        "uncommitted",
        "programme.load",
    )
    assert (first["amount_fen"], first["round"], first["batch"]) == (2000_00, None, None)
    (batch,) = {each["batch"] for each in postings(running, "--account", "payable")}
    moved = postings(running, "--batch", str(batch), "--funder", "treasury")
    assert {(each["why"], each["day"]) for each in moved} == {
        ("redemptions.import", "2020-03-27"),
        *((each["why"], each["day"]) for each in moved),
    }
    net = sum(each["amount_fen"] * (1 if each["to_account"] == "payable" else -1) for each in moved)
    assert net == 5_00


def test_postings_come_by_the_day_on_which_they_are_booked(running: Voucher) -> None:  # noqa: F811
    days = [each["booked_on"] for each in postings(running)]
    assert days == sorted(days)
    assert {each["booked_on"] for each in postings(running, "--since", "2020-03-27")} == {
        "2020-03-27",
        *(day for day in days if day > "2020-03-27"),
    }
    assert postings(running, "--until", "2020-03-01") == []


def test_people_read_words_and_programs_read_codes(running: Voucher) -> None:  # noqa: F811
    table = running("ledger", "show", "--account", "payable").out
    assert "outstanding" in table and "redemptions" in table and "batch" in table
    assert "redemptions.import" not in table
    assert "核销，" in running("ledger", "show", "--account", "payable", "--lang", "zh").out
    assert "已占用（待领）" in running("ledger", "accounts", "--lang", "zh").out
    rows = [*csv.DictReader(io.StringIO(running("ledger", "show", "-o", "csv").out))]
    assert rows[0]["from_account"] == "appropriated" and rows[0]["why"] == "change of funds"
    line = running("ledger", "show", "-o", "jsonl").out.splitlines()[0]
    assert '"why": "programme.load"' in line
    for lang in ("en", "zh"):
        for noun in ("show", "accounts"):
            shown = running("ledger", noun, "--lang", lang).out.splitlines()
            assert max(map(len, shown)) <= 80


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("show --account cash", "unknown_account"),
        ("export --format excel", "unknown_form"),
        ("accounts --limit x", "usage"),
    ],
)
def test_what_the_ledger_does_not_have_is_refused(
    running: Voucher,  # noqa: F811
    words: str,
    code: str,
) -> None:
    assert refusal(running, "ledger", *words.split(), expect=2)[0] == code


def test_an_export_goes_into_a_new_file_or_to_the_screen(running: Voucher) -> None:  # noqa: F811
    running("ledger", "export", "--to", "a.journal", "--dry-run")
    assert not Path("a.journal").exists()
    said = running("ledger", "export", "--to", "a.journal")
    assert said.err == "wrote the ledger of city to a.journal\n"
    text = Path("a.journal").read_text("utf-8")
    assert running("ledger", "export").out == text
    assert running("ledger", "export", "-o", "json").data["text"] == text
    assert running("ledger", "export", "--to", "b", "-o", "json").data == {
        "format": "hledger",
        "file": "b",
    }
    assert refusal(running, "ledger", "export", "--to", "a.journal")[0] == "file_exists"
    assert Path("a.journal").read_text("utf-8") == text


def test_the_same_ledger_is_the_same_bytes(odd: Voucher) -> None:
    for form in ("hledger", "beancount"):
        first = odd("ledger", "export", "--format", form).out
        assert odd("ledger", "export", "--format", form).out == first


# ---------------------------------------------------------------- judged by others


def write(voucher: Voucher, form: str) -> Path:
    path = Path(f"ledger.{form}")
    voucher("ledger", "export", "--format", form, "--to", str(path))
    return path


def judged_by_hledger(path: Path) -> dict[tuple[str, ...], int]:
    """What each account comes to, in fen; raises `CalledProcessError` when hledger finds fault."""

    def run(*args: str) -> str:
        command = [str(HLEDGER), "-f", str(path), *args]
        in_utf8 = {**os.environ, "LC_ALL": "C.UTF-8"}
        ran = subprocess.run(
            command, check=True, capture_output=True, encoding="utf-8", env=in_utf8
        )
        return ran.stdout

    run("check")
    rows = csv.reader(io.StringIO(run("balance", "--flat", "--no-total", "--output-format=csv")))
    return {
        tuple(account.split(":")): fen(amount) for account, amount in rows if account != "account"
    }


def judged_by_beancount(path: Path) -> dict[tuple[str, ...], int]:
    """The same; raises `ValueError` when beancount finds fault."""
    loader = pytest.importorskip("beancount.loader", reason="beancount has no wheel here")
    entries, errors, _ = loader.load_file(str(path))
    if errors:
        raise ValueError(errors)
    sums: dict[str, int] = {}
    for posting in (each for entry in entries for each in getattr(entry, "postings", ())):
        sums[posting.account] = sums.get(posting.account, 0) + int(posting.units.number * 100)
    return {plain(account): amount for account, amount in sums.items() if amount}


def plain(account: str) -> tuple[str, ...]:
    """An account of beancount, `Assets:Payable:F-treasury:R-hz-1`, as the ledger has it."""
    _, what, *codes = account.split(":")
    return what.lower().replace("-", "_"), *(decoded(code[2:]) for code in codes)


def decoded(code: str) -> str:
    return bytes.fromhex(code[2:]).decode() if code.startswith("x-") else code


def fen(amount: str) -> int:
    return int(re.sub(r"[^\d-]", "", amount)) if amount != "0" else 0


def ours(voucher: Voucher) -> dict[tuple[str, ...], int]:
    return {
        tuple(part for part in account if part is not None): amount
        for account, amount in standing(voucher).items()
    }


@pytest.mark.slow
@pytest.mark.skipif(HLEDGER is None, reason=NO_HLEDGER)
@pytest.mark.parametrize("town", ["running", "odd"])
def test_hledger_comes_to_the_same_balances(
    town: str, request: pytest.FixtureRequest, voucher: Voucher
) -> None:
    request.getfixturevalue(town)
    assert judged_by_hledger(write(voucher, "hledger")) == ours(voucher)


@pytest.mark.slow
@pytest.mark.parametrize("town", ["running", "odd"])
def test_beancount_comes_to_the_same_balances(
    town: str, request: pytest.FixtureRequest, voucher: Voucher
) -> None:
    request.getfixturevalue(town)
    assert judged_by_beancount(write(voucher, "beancount")) == ours(voucher)


def with_one_amount_changed(path: Path) -> Path:
    """The same export, in which one posting moves a fen more: the two sides of it still agree."""
    text = path.read_text("utf-8")
    assert text.count("5.00 CNY") >= 2
    place = text.index("  5.00 CNY")
    there = text[place:].replace("5.00 CNY", "5.01 CNY", 2)
    path.write_text(text[:place] + there, "utf-8")
    return path


@pytest.mark.slow
@pytest.mark.skipif(HLEDGER is None, reason=NO_HLEDGER)
def test_hledger_finds_an_amount_that_was_changed(running: Voucher) -> None:  # noqa: F811
    path = with_one_amount_changed(write(running, "hledger"))
    with pytest.raises(subprocess.CalledProcessError) as found:
        judged_by_hledger(path)
    assert "balance assertion" in found.value.stderr


@pytest.mark.slow
def test_beancount_finds_an_amount_that_was_changed(running: Voucher) -> None:  # noqa: F811
    path = with_one_amount_changed(write(running, "beancount"))
    with pytest.raises(ValueError, match="Balance failed"):
        judged_by_beancount(path)
