"""A report is a page of declaration: what the engine makes of a spec."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import towns

from vouchercli.errors import UsageFault
from vouchercli.ops.answers import answer
from vouchercli.ops.reports import engine, gathered, leverage
from vouchercli.ops.reports.dimensions import DIMENSIONS
from vouchercli.ops.reports.measures import BY_KEY, MEANINGS, columns
from vouchercli.ops.reports.spans import Title, span_notes
from vouchercli.ops.reports.specs import Part, Question, Spec
from vouchercli.result import say

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from vouchercli.ops.reports.dimensions import By
    from vouchercli.ops.reports.gathered import First, Gathered
    from vouchercli.ops.reports.scope import Scope
    from vouchercli.session import Session

    Voucher = Callable[..., Any]

SHOPS = (
    "merchant_no,name,size,industry\nM1,a,small,餐饮\nM2,b,micro,餐饮\nM3,c,large,零售\n"
    "M4,d,,零售\n"
)


def paid(number: int, shop: str, amount: int, day: int) -> str:
    return f"T{number},pay,C1,{number},{shop},2020-03-{day} 10:00:00,{amount},0,10,\n"


ROWS = (paid(1, "M1", 50, 27), paid(2, "M1", 40, 28), paid(3, "M2", 60, 28), paid(4, "M3", 90, 28))

# The whole of a new report: how much of the subsidy small shops got.
SMALL_SHOPS = Spec(
    title=Title("Small shops: {programme}, all known at {now}", "Small shops, as of {as_of}"),
    parts=(
        Part(
            columns("redemptions", "subsidy_fen", "share", "gross", "merchants", "small_share"),
            notes=(span_notes, say("Small: small, micro and self-employed.")),
            key="shops",
            total_key="in_all",
            bars="share",
        ),
    ),
    none=lambda scope: say("no shop was paid"),
    sorts=("subsidy_fen", "gross", "small_share"),
)


@pytest.fixture
def session(voucher: Voucher, once: Any, here: Path) -> Iterator[Session]:
    def build() -> None:
        towns.build(voucher, towns.programme(), towns.pack(), merchants=SHOPS)
        towns.make_round(voucher, "r1", packs=4, state="open")
        claims = "C1,r1,a,2020-03-27 08:00:01\n"
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims))
        voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + "".join(ROWS)))

    once("report engine", build)
    with towns.session(here / "voucher.db") as session:
        yield session


def test_a_new_report_is_a_page_of_declaration(session: Session) -> None:
    outcome = engine.report(session, SMALL_SHOPS, Question(("industry",), sort="gross"))
    told = answer(outcome)
    assert (told["by"], told["rounds"]) == ("industry", ["r1"])
    assert told["shops"] == [
        {
            "key": "零售",
            "redemptions": 1,
            "subsidy_fen": 1_000,
            "gross": "9.00",
            "share": "0.2500",
            "merchants": 1,
            "small_share": "0.0000",
        },
        {
            "key": "餐饮",
            "redemptions": 3,
            "subsidy_fen": 3_000,
            "gross": "5.00",  # (50 + 40 + 60) / 30
            "share": "0.7500",
            "merchants": 2,
            "small_share": "1.0000",
        },
    ]
    assert told["in_all"] == {
        "key": "total",
        "redemptions": 4,
        "subsidy_fen": 4_000,
        "gross": "6.00",
        "share": "1.0000",
        "merchants": 3,
        "small_share": "0.6667",
    }
    (table,) = outcome.tables
    assert [each.label for each in table.columns][:3] == ["Industry", "Redemptions", "Subsidy"]
    assert [*map(str, table.notes)] == ["Small: small, micro and self-employed."]
    assert table.bars == "share"


def test_its_rows_are_sorted_and_cut_and_the_total_is_of_all(session: Session) -> None:
    asked = Question(("merchant",), sort="subsidy", limit=2)
    outcome = engine.report(session, SMALL_SHOPS, asked)
    told = answer(outcome)
    assert [row["key"] for row in told["shops"]] == ["M1", "M2"]  # equal ones stay in their order
    assert told["in_all"]["subsidy_fen"] == 4_000
    assert "2 of 3 rows; --limit 0 shows all" in map(str, outcome.says)
    by_share = answer(engine.report(session, SMALL_SHOPS, asked._replace(sort="small_share")))
    assert [row["small_share"] for row in by_share["shops"]] == ["1.0000", "1.0000"]
    with pytest.raises(UsageFault, match="rows cannot be sorted by floor"):
        engine.report(session, SMALL_SHOPS, Question(("round",), sort="floor"))


def test_two_dimensions_are_two_keys_without_a_picture(session: Session) -> None:
    outcome = engine.report(session, SMALL_SHOPS, Question(("day", "size")))
    told = answer(outcome)
    keys = [(row["key"], row["second_key"], row["merchants"]) for row in told["shops"]]
    assert keys == [
        ("2020-03-27", "small", 1),
        ("2020-03-28", "large", 1),
        ("2020-03-28", "micro", 1),
        ("2020-03-28", "small", 1),
    ]
    assert told["in_all"]["second_key"] is None
    assert outcome.tables[0].bars == ""


def test_a_report_of_nothing_says_so(session: Session) -> None:
    outcome = engine.report(session, SMALL_SHOPS, Question(("day",), since=towns.at("2030-01-01")))
    assert (answer(outcome)["shops"], [*map(str, outcome.says)]) == ([], ["no shop was paid"])
    assert outcome.tables[0].notes == ()


def test_only_what_the_measures_need_is_gathered(session: Session) -> None:
    asked: list[Collection[str]] = []

    def gather(
        session: Session, scope: Scope, by: By, needs: Collection[str], first: First
    ) -> Gathered:
        asked.append(needs)
        return gathered.payments(session, scope, by, needs, first)

    part = Part(columns("redemptions", "gross"), key="rows")
    plain = SMALL_SHOPS._replace(parts=(part,), gather=gather)
    engine.report(session, plain, Question(("day",)))
    engine.report(session, leverage.SPEC._replace(gather=gather), Question(("day",)))
    asked_more = Question(("day",), with_funders=True, cumulative=True)
    engine.report(session, leverage.SPEC._replace(gather=gather), asked_more)
    ours = {"sums", "claimed", "merchants", "so_far", "funders", "names"}
    assert [ours & {*needs} for needs in asked] == [
        {"sums"},
        {"sums", "claimed", "merchants"},
        {"sums", "claimed", "merchants", "so_far", "funders"},
    ]


def test_the_help_names_what_rows_are_sorted_and_grouped_by(voucher: Voucher) -> None:
    told = " ".join(voucher("report", "leverage", "--help").out.split())
    sorts = [key.removesuffix("_fen") for key in leverage.SPEC.sorts]
    assert f"first by {', '.join(sorts[:-1])} or {sorts[-1]}." in told
    assert f"{', '.join([*DIMENSIONS][:-1])} or {[*DIMENSIONS][-1]};" in told


def test_the_catalogue_lists_every_measure_and_dimension(voucher: Voucher) -> None:
    told = voucher("report", "list", "-o", "json").data
    assert {row["key"]: row["meaning"] for row in told["measures"]} == MEANINGS
    assert [row["dimension"] for row in told["dimensions"]] == [*DIMENSIONS]
    assert {"redemptions_so_far", "base_so_far_fen", "subsidy_so_far_fen", "gross_so_far"} <= {
        *BY_KEY
    }


def test_a_column_that_only_shares_the_key_of_a_measure_is_not_explained_by_it(
    session: Session, voucher: Voucher
) -> None:
    page = voucher("report", "funds", "-o", "md").out
    assert "Redeemed of appropriated" in page
    assert MEANINGS["share"] not in page
    assert MEANINGS["outstanding_fen"] in page


def test_what_a_page_shows_of_the_catalogue_it_also_explains(
    session: Session, voucher: Voucher
) -> None:
    page = voucher("report", "leverage", "--by", "day", "--cumulative", "-o", "md").out
    meanings = page.partition("What the words mean")[2]
    for key in ("gross", "base_so_far_fen", "small_share"):
        assert re.search(re.escape(BY_KEY[key].measure), meanings)
        assert MEANINGS[key] in meanings
