"""Lists: a hundred rows on a screen, all in CSV and JSON lines, and nothing cut without a word."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.cli import options
from vouchercli.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Once, Ran

MANY = 103
# command -> (its key in JSON, how many rows it has)
LISTS: dict[tuple[str, ...], tuple[str, int]] = {
    ("claim", "list"): ("claims", MANY),
    ("claim", "list", "--round", "r1"): ("claims", MANY),
    ("redemption", "list"): ("redemptions", MANY),
    ("redemption", "list", "--merchant", "M1"): ("redemptions", MANY),
    ("redemption", "list", "--claim", "C1"): ("redemptions", 1),
    ("application", "list"): ("applications", MANY),
    ("eligibility", "list", "--group", "med ics"): ("residents", MANY),
    ("eligibility", "list"): ("groups", 1),
    ("merchant", "list"): ("merchants", MANY),
    ("batch", "rejects", "6"): ("rejects", MANY),
    ("batch", "list"): ("batches", 6),
    ("round", "list"): ("rounds", 2),
    ("round", "list", "--state", "draft"): ("rounds", 1),
    ("audit", "log", "--deed", "round"): ("lines", 5),
    ("programme", "list"): ("programmes", 1),
    ("template", "list"): ("templates", 1),
}


# What is asked for and is not there is no empty list, which reads as "nothing is owed".
NOT_THERE = {
    ("claim", "list", "--round", "r9"): "unknown_round",
    ("application", "list", "--round", "r9"): "unknown_round",
    ("redemption", "list", "--round", "r9"): "unknown_round",
    ("redemption", "list", "--merchant", "M999"): "unknown_merchant",
    ("settlement", "unpaid", "--merchant", "M999"): "unknown_merchant",
    ("settlement", "debts", "--merchant", "M999"): "unknown_merchant",
    ("settlement", "holds", "--merchant", "M999"): "unknown_merchant",
    ("settlement", "holds", "--reason", "x"): "unknown_reason",
    ("case", "list", "--merchant", "M999"): "unknown_merchant",
    ("case", "list", "--reason", "x"): "unknown_case_reason",
    ("round", "list", "--state", "x"): "unknown_state",
    ("settlement", "list", "--state", "x"): "unknown_state",
    ("case", "list", "--state", "x"): "unknown_state",
    ("reconcile", "breaks", "--state", "x"): "unknown_state",
}


@pytest.fixture
def town(voucher: Callable[..., Ran], once: Once) -> Callable[..., Ran]:
    """A town with MANY of everything that comes by files."""

    def build() -> None:
        numbers = range(1, MANY + 1)
        shops = "".join(f"M{n},shop {n}\n" for n in numbers)
        towns.build(
            voucher,
            towns.programme(),
            towns.pack(validity={"days_after_claim": 60}),
            merchants="merchant_no,name\n" + shops,
        )
        people = "resident,group\n" + "".join(f"p{n},med ics\n" for n in numbers)
        voucher("eligibility", "import", towns.write("people.csv", people))
        towns.make_round(voucher, "r1", packs=200, closes="2020-05-01", state="open")
        towns.draft(voucher, "r2", packs=10, closes="2020-05-01")
        asked = "application_no,round,resident,applied_at\n"
        asked += "".join(f"A{n},r1,p{n},2020-03-27 08:00:00\n" for n in numbers)
        voucher("application", "import", towns.write("applications.csv", asked))
        claimed = "".join(f"C{n},r1,p{n},2020-03-27 09:00:00\n" for n in numbers)
        voucher("claim", "import", towns.write("claims.csv", towns.CLAIMS + claimed))
        pays = "".join(f"T{n},pay,C{n},1,M1,2020-03-28 12:00,50,0,10,\n" for n in numbers)
        voucher("redemption", "import", towns.write("pays.csv", towns.PAYMENTS + pays))
        low = "".join(f"X{n},pay,C{n},2,M1,2020-03-28 12:00,9,0,10,\n" for n in numbers)
        path = towns.write("low.csv", towns.PAYMENTS + low)
        voucher("redemption", "import", path, expect=4)

    once("lists", build)
    return voucher


def shown(ran: Ran) -> int:
    """The rows of CSV under its heading."""
    return len([*csv.reader(io.StringIO(ran.out.removeprefix("\ufeff")))]) - 1


@pytest.mark.parametrize("args", LISTS, ids=" ".join)
def test_csv_and_json_lines_have_all_rows_that_json_has(
    town: Callable[..., Ran], args: tuple[str, ...]
) -> None:
    key, count = LISTS[args]
    data = town(*args, "-o", "json").data
    assert (len(data[key]), data["more"]) == (count, False)
    ran = town(*args, "-o", "csv")
    assert (shown(ran), ran.err) == (count, "")
    ran = town(*args, "-o", "jsonl")
    assert [json.loads(line) for line in ran.out.splitlines()] == data[key]


@pytest.mark.parametrize("args", LISTS, ids=" ".join)
def test_a_table_says_how_many_rows_it_leaves_out_and_what_gives_all(
    town: Callable[..., Ran], args: tuple[str, ...]
) -> None:
    _, count = LISTS[args]
    most = min(count - 1, 100) or 1
    ran = town(*args) if count > 100 else town(*args, "--limit", str(most), "-o", "table")
    if count == 1:
        assert "not shown" not in ran.err
        return
    command = shlex.join(("voucher", *args, "-o", "csv"))
    expected = f"{count - most} more rows are not shown; all of them: {command}\n"
    assert re.sub(" --now [^ ]+", "", ran.err).endswith(expected)
    pasted = town(*shlex.split(command)[1:])
    assert shown(pasted) == count
    assert "not shown" not in town(*args, "--limit", "0").err


def test_the_command_that_gives_all_speaks_chinese_and_keeps_what_was_asked(
    town: Callable[..., Ran],
) -> None:
    ran = town("--lang", "zh", "claim", "list", "--limit=2", "--round", "r1", "--output", "table")
    expected = "另有 101 行未显示；全部输出：voucher --lang zh claim list --round r1 -o csv\n"
    assert ran.err == expected


def test_json_has_up_to_its_limit_and_says_that_there_is_more(
    town: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(options.OUTPUTS, "json", 100)
    data = town("redemption", "list", "-o", "json").data
    assert (len(data["redemptions"]), data["more"]) == (100, True)
    data = town("redemption", "list", "-o", "json", "--limit", "2").data
    assert (len(data["redemptions"]), data["more"]) == (2, True)
    data = town("redemption", "list", "-o", "json", "--limit", "0").data
    assert (len(data["redemptions"]), data["more"]) == (MANY, False)


def test_csv_that_is_cut_on_demand_says_so(town: Callable[..., Ran]) -> None:
    for args in (("claim", "list"), ("batch", "rejects", "6")):
        ran = town(*args, "-o", "csv", "--limit", "2")
        assert shown(ran) == 2
        assert ran.err.startswith("101 more rows are not shown; all of them: voucher ")
    assert len(town("claim", "list", "-o", "jsonl", "--limit", "2").out.splitlines()) == 2


def test_rejects_into_a_file_are_all_there(town: Callable[..., Ran]) -> None:
    ran = town("batch", "rejects", "6", "--to", "rejects.csv")
    assert f"wrote {MANY} rows to rejects.csv" in ran.err and "not shown" not in ran.err


def test_json_lines_are_for_lists_and_nothing_is_done_before_that_is_said(
    town: Callable[..., Ran],
) -> None:
    ran = town("round", "close", "r1", "-o", "jsonl", "--yes", expect=2)
    assert "[no_json_lines]" in ran.err and "-o json" in ran.err
    assert [row["state"] for row in town("round", "list", "-o", "json").data["rounds"]] == [
        "open",
        "draft",
    ]


@pytest.mark.parametrize("command", NOT_THERE, ids=" ".join)
def test_what_is_not_there_is_refused_and_no_empty_list(
    town: Callable[..., Ran], command: tuple[str, ...]
) -> None:
    refused = town(*command, "-o", "json", expect=None)
    assert refused.code in {2, 3}
    assert [each["code"] for each in refused.json["problems"]] == [NOT_THERE[command]]


def test_rounds_are_listed_by_state(town: Callable[..., Ran]) -> None:
    for state, codes in (("open", ["r1"]), ("draft", ["r2"]), ("settled", [])):
        rows = town("round", "list", "--state", state, "-o", "json").data["rounds"]
        assert [row["round"] for row in rows] == codes
    assert "no round yet" not in town("round", "list", "--state", "settled").err
    refused = town("round", "list", "--state", "opened", expect=2).err
    assert "[unknown_state]" in refused and "submitted" in refused


@pytest.mark.slow
def test_a_long_list_is_never_in_memory(
    voucher: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    towns.build(voucher, towns.programme(), towns.pack())
    towns.make_round(voucher, "r1", packs=10_000, closes="2020-05-01", state="open")
    rows = "".join(f"C{n:05d},r1,p{n},2020-03-27 09:00:00\n" for n in range(10_000))
    voucher("claim", "import", towns.write("claims.csv", towns.CLAIMS + rows))

    class Counting(io.StringIO):
        lines = 0

        def write(self, text: str) -> int:
            Counting.lines += text.count("\n")
            return len(text)

    # what Python holds; SQLite sorts in its page cache, and what does not fit there in a file
    def peak(*args: Any) -> int:
        monkeypatch.setattr("sys.stdout", Counting())
        tracemalloc.start()
        assert main(args) == 0
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    for form in ("csv", "jsonl"):
        few = peak("claim", "list", "-o", form, "--limit", "2000")
        Counting.lines = 0
        assert peak("claim", "list", "-o", form) < few + 500_000
        assert Counting.lines == 10_000 + (form == "csv")
