"""Rounds that were made small enough to need fewer checkers are pointed out to who looks at one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.rules.programmes import Approval
from vouchercli.rules.staff import Hand, Submission, split_under_band

if TYPE_CHECKING:
    from collections.abc import Sequence

STAFF = {"chen": "maker", "wang": "maker", "lin": "checker", "zhao": "checker"}
BANDS = (Approval(100, 1), Approval(1000, 2), Approval(None, 3))
DAY = 86_400


@pytest.fixture
def town(voucher: Any) -> Any:
    """Up to 1,000.00 yuan one checker suffices; r1 and r2 of chen are 600.00 and 500.00."""
    towns.build(
        voucher,
        towns.programme(staff=STAFF, one_checker_up_to="1000.00"),
        towns.pack(),
        towns.pack("other"),
    )
    make(voucher, "r1", packs=12)
    make(voucher, "r2", packs=10)
    return voucher


def make(voucher: Any, code: str, *options: str, maker: str = "chen", **terms: Any) -> None:
    towns.make_round(voucher, code, *options, maker=maker, state="submitted", **terms)


def warnings(town: Any, code: str) -> list[Any]:
    problems = town("round", "show", code, "-o", "json").json["problems"]
    return [each for each in problems if each["code"] == "split_to_stay_under_band"]


def test_two_rounds_below_a_band_and_together_above_it_are_pointed_out_on_both(town: Any) -> None:
    (warning,) = warnings(town, "r1")
    assert (warning["level"], warning["hint"]) == ("warning", "voucher round show r2")
    assert warning["message"] == (
        "r1 and r2 come from the same people within seven days: together they are 1,100.00 yuan,"
        " for which 2 checkers must approve; each by itself needs fewer"
    )
    assert "r2 and r1 come" in warnings(town, "r2")[0]["message"]
    assert "warning: r1 and r2 come" in town("round", "show", "r1").err
    town("round", "approve", "r1", "--actor", "lin")  # it refuses nothing
    assert warnings(town, "r1") and warnings(town, "r2")


def test_a_draft_and_a_cancelled_round_are_not_counted(town: Any) -> None:
    town("round", "edit", "r2", "--packs", "11", "--actor", "chen")
    assert warnings(town, "r1") == warnings(town, "r2") == []
    town("round", "submit", "r2", "--actor", "chen")
    assert warnings(town, "r1")
    town("round", "cancel", "r2", "--actor", "chen")
    assert warnings(town, "r1") == warnings(town, "r2") == []


@pytest.mark.parametrize(
    ("options", "terms", "is_warned"),
    [
        ([], {}, True),
        ([], {"template": "other"}, False),
        ([], {"maker": "wang"}, False),
        ([], {"opens": "2020-05-27 08:00"}, True),  # submitted on the same day
        ([], {"packs": 8}, False),  # 600.00 and 400.00 yuan are the limit itself
        ([], {"packs": 30}, False),  # two must approve it by itself
    ],
)
def test_same_template_same_people_near_in_time(
    town: Any, options: list[str], terms: dict[str, Any], is_warned: bool
) -> None:
    town("round", "cancel", "r2", "--actor", "chen")
    make(town, "r3", *options, **({"packs": 10} | terms))
    assert bool(warnings(town, "r1")) == bool(warnings(town, "r3")) == is_warned


def test_who_submits_or_edits_it_counts_as_its_maker(town: Any) -> None:
    town("round", "cancel", "r2", "--actor", "chen")
    towns.draft(town, "r3", maker="wang", packs=10)
    town("round", "submit", "r3", "--actor", "chen")
    assert warnings(town, "r1") and warnings(town, "r3")


def test_without_bands_nothing_is_said(voucher: Any) -> None:
    towns.build(voucher, towns.programme(), towns.pack())
    make(voucher, "r1")
    make(voucher, "r2")
    assert warnings(voucher, "r1") == []


# ---------------------------------------------------------------- the law by itself


def one(code: str, amount: int, at: int = 0, opens: int = 0, by: str = "chen") -> Submission:
    return Submission(code, [Hand(by, "os")], at, opens, amount)


@pytest.mark.parametrize(
    ("own", "others", "expected"),
    [
        (one("a", 60), [one("b", 41)], ["b"]),
        (one("a", 60), [one("b", 40)], []),
        (one("a", 60), [one("b", 60, at=7 * DAY, opens=8 * DAY)], ["b"]),
        (one("a", 60), [one("b", 60, at=8 * DAY, opens=7 * DAY)], ["b"]),
        (one("a", 60), [one("b", 60, at=7 * DAY + 1, opens=7 * DAY + 1)], []),
        (one("a", 60), [one("b", 60, by=" CHEN")], ["b"]),
        (one("a", 60), [one("b", 60, by="wang")], []),
        (one("a", 60), [one("b", 500)], []),
        (one("a", 60), [one("b", 500), one("c", 50)], ["c"]),
        (one("a", 60), [one("b", 950)], ["b"]),  # 950 needs 2, both together 3
        (one("b", 950), [one("a", 60)], ["a"]),
        (one("a", 2000), [one("b", 2000)], []),  # nothing is above the last band
        (one("a", 30), [one("b", 30), one("c", 30)], []),
        (one("a", 40), [one("b", 30), one("c", 31)], ["b", "c"]),
    ],
)
def test_which_rounds_together_need_more_checkers(
    own: Submission, others: Sequence[Submission], expected: list[str]
) -> None:
    assert [each.round for each in split_under_band(own, others, BANDS)] == expected
