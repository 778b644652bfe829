"""`voucher todo`: days that nobody has signed, and days that are over and still open."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import towns

STAFF = {"mei": "maker", "lin": "checker", "wu": "finance"}
MEI = ("--actor", "mei")


def build(voucher: Any, **more: Any) -> Any:
    """Round r1, with a claim on the 27th and one on the 28th."""
    towns.build(
        voucher,
        towns.programme(**{"staff": STAFF, "clock": {"jump": "90 days"}, **more}),
        towns.pack("pack", towns.coupon("10", "40")),
        merchants="merchant_no,name\nM1,one\n",
    )
    towns.make_round(voucher, "r1", packs=3, state="open", closes=towns.CLOSES)
    towns.write("c.csv", towns.CLAIMS + "C1,r1,P1,2020-03-27 09:00\nC2,r1,P2,2020-03-28 09:00\n")
    voucher("claim", "import", "c.csv", *MEI)
    return voucher


@pytest.fixture
def town(voucher: Any) -> Any:
    return build(voucher)


def close(voucher: Any, day: str, actor: str = "mei") -> None:
    voucher("day", "close", day, "--actor", actor, "--now", "2020-04-10 10:00")


def waiting(voucher: Any, now: str = "2020-04-10 11:00") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = voucher("todo", "-o", "json", "--now", now).data["waiting"]
    return rows


def told(voucher: Any, now: str = "2020-04-10 11:00") -> list[tuple[Any, ...]]:
    keys = ("kind", "name", "days", "by", "who", "next")
    return [tuple(row[key] for key in keys) for row in waiting(voucher, now)]


def test_days_that_nobody_has_sealed_wait_only_where_days_are_sealed(town: Any) -> None:
    assert waiting(town) == []
    close(town, "2020-03-26")
    (row,) = [row for row in waiting(town) if row["kind"] == "seal"]
    assert (row["name"], row["days"], row["since"]) == (
        "2020-03-28",
        2,
        "2020-03-28T00:00:00+08:00",
    )
    assert row["next"] == "voucher day close 2020-03-28 --actor mei"
    assert (row["amount_fen"], row["who"]) == (None, "mei, lin, wu")
    # the 28th is not over
    assert [row[:3] for row in told(town, "2020-03-28 12:00") if row[0] == "seal"] == [
        ("seal", "2020-03-27", 1)
    ]


def test_what_is_shown_is_typed_until_nothing_waits(town: Any) -> None:
    close(town, "2020-03-26")
    for _ in range(2):
        for line in town("todo", "--now", "2020-04-10 12:00").err.splitlines():
            if ": voucher " in line:
                typed = shlex.split(line.partition(": voucher ")[2])
                town(*typed, "--now", "2020-04-10 12:00")
    assert waiting(town) == []
    assert {row["signed_by"] for row in town("day", "list", "-o", "json").data["days"]} == {"wu"}


def test_sealed_days_wait_for_finance(town: Any) -> None:
    close(town, "2020-03-28")
    assert told(town) == [
        ("signature", "2020-03-28", 9, "mei", "wu", "voucher day sign 2020-03-28 --actor wu")
    ]
    shown = town("todo", "--now", "2020-04-10 11:00")
    assert "9 days to" in shown.out
    assert "for 2020-03-28: voucher day sign 2020-03-28 --actor wu" in shown.err
    shown = town("todo", "--now", "2020-04-10 11:00", "--lang", "zh")
    assert "签认" in shown.out and "共 9 天" in shown.out.replace("\n", "")


def test_who_sealed_a_day_is_not_named_to_sign_it(voucher: Any) -> None:
    town = build(voucher, staff={**STAFF, "an": "finance"})
    close(town, "2020-03-26", "wu")
    close(town, "2020-03-28", "an")
    first = ("signature", "2020-03-26", 7, "wu", "an", "voucher day sign 2020-03-26 --actor an")
    assert told(town) == [first]
    town(*shlex.split(first[-1])[1:], "--now", "2020-04-10 11:00")
    assert [row[1:5] for row in told(town)] == [("2020-03-28", 2, "an", "wu")]


def test_where_the_only_finance_has_sealed_the_line_for_the_staff_is_shown(town: Any) -> None:
    close(town, "2020-03-28", "wu")
    ran = town("todo", "--now", "2020-04-10 11:00")
    assert (
        "warning: nobody on the staff of programme town may sign 2020-03-28 [no_one_may]" in ran.err
    )
    assert "- {name: NAME, roles: [finance]}" in ran.err
    assert told(town) == [("signature", "2020-03-28", 9, "wu", "", "")]
    chinese = town("todo", "--now", "2020-04-10 11:00", "--lang", "zh").err
    assert "无人可以签认" in chinese


def test_only_who_leaves_somebody_to_sign_is_told_to_seal(voucher: Any) -> None:
    town = build(voucher, staff={"wu": "finance", "mei": "maker", "lin": "checker"})
    close(town, "2020-03-26")
    assert "voucher day close 2020-03-28 --actor mei" in [row[-1] for row in told(town)]


def test_where_nobody_is_on_the_staff_anybody_may(voucher: Any) -> None:
    town = build(voucher, staff={})
    close(town, "2020-03-27", "mei")
    assert sorted(row[4:] for row in told(town)) == [
        ("", "voucher day close 2020-03-28 --actor NAME"),
        ("", "voucher day sign 2020-03-27 --actor NAME"),
    ]


def test_days_of_the_clock_wait_for_a_person_only_when_it_is_late(voucher: Any) -> None:
    town = build(voucher, books={"close_after_days": 2})
    assert waiting(town, "2020-03-29 23:59") == []
    assert [row[:3] for row in told(town, "2020-03-30 00:00")] == [("seal", "2020-03-27", 1)]
    town("schedule", "tick", "--now", "2020-03-30 00:01")
    assert [row[:4] for row in told(town, "2020-03-30 00:02")] == [
        ("signature", "2020-03-27", 8, "clock")
    ]


def test_each_programme_names_its_own_days(town: Any) -> None:
    close(town, "2020-03-28")
    town("programme", "load", towns.write("other.yaml", towns.programme("other", staff=STAFF)))
    assert [row[-1] for row in told(town)] == [
        "voucher day sign 2020-03-28 --actor wu --programme town"
    ]
    assert town("todo", "--programme", "other", "-o", "json").data["waiting"] == []
