"""The brief: every sentence is made of figures; another figure makes another sentence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns

if TYPE_CHECKING:
    from collections.abc import Callable

    Voucher = Callable[..., Any]

SHOPS = "merchant_no,name,industry,district\nM1,a,餐饮,上城\nM2,b,零售,下城\nM3,c,零售,下城\n"
DOCUMENT = towns.programme(
    funds={"city": "public", "bank": "platform"}, not_enforced=["no tobacco"]
)
PACK = towns.pack(
    "pack",
    towns.coupon("10", "40", 2),
    funding={"city": "80%", "bank": "20%"},
    scope={"units": 1},
)


def paid(number: str, shop: str, amount: str, coupon: int = 1, claim: str = "C1") -> str:
    return f"{number},pay,{claim},{coupon},{shop},2020-03-28 10:00:00,{amount},0,10,\n"


ROWS = paid("T1", "M1", "100") + paid("T2", "M1", "60", 2) + paid("T3", "M2", "40", 1, "C2")


@pytest.fixture
def town(voucher: Voucher, once: Any) -> Voucher:
    def build() -> None:
        towns.build(voucher, DOCUMENT, PACK, merchants=SHOPS)
        towns.make_round(voucher, "r1", packs=2, state="open")
        claims = (
            "C1,r1,a,2020-03-27 08:00:01\nC2,r1,b,2020-03-27 08:00:09\n"
            "C3,r1,c,2020-03-27 08:00:10\n"
        )
        voucher("claim", "import", towns.write("c.csv", towns.CLAIMS + claims), expect=4)
        voucher("redemption", "import", towns.write("r.csv", towns.PAYMENTS + ROWS))

    once("briefs", build)
    return voucher


def said(town: Voucher, *words: str) -> dict[str, list[str]]:
    sections = town("report", "brief", *words, "-o", "json").data["sections"]
    return {key: [row["text"] for row in rows] for key, rows in sections.items()}


def test_every_sentence_is_made_of_figures(town: Voucher) -> None:
    told = said(town, "--as-of", "2020-03-29")
    assert told["issue"] == [
        "1 rounds from 2020-03-27 on held 2 packs worth 40.00 yuan; 2 were claimed (100.0 %).",
        "r1: the last of 2 packs was claimed 9 seconds after the opening.",
    ]
    assert told["use"] == [
        "Of 4 vouchers 3 were used: 75.0 % by count, 75.0 % by amount.",
        "Vouchers of 10.00 yuan can still be used; 0.00 yuan expired unused.",
    ]
    assert told["effect"] == [
        "24.00 yuan of public money stand beside orders of 200.00 yuan: each public yuan stands"
        " beside 8.33 yuan of orders (gross leverage). That is not new consumption.",
        "Consumers paid 170.00 yuan of it themselves, 7.08 for each public yuan. By the vouchers'"
        " own thresholds gross leverage could not fall below 5.00.",
    ]
    assert told["merchants"] == [
        "2 merchants were paid with vouchers; the registry lists 3. The first 1 % of them got"
        " 66.7 % of the subsidy.",
        "Most went to 餐饮: 16.00 yuan, 66.7 % of the subsidy.",
        "Of the districts 上城 got most: 16.00 yuan, 66.7 % of the subsidy.",
    ]
    assert told["money"] == [
        "city paid 24.00 yuan.",
        "Platforms paid 6.00 yuan, merchants gave 0.00 yuan.",
    ]
    assert told["caution"] == [
        "Only 3 vouchers were used: of fewer than 30 the ratios say little.",
        "Rates of fewer than 30 packs claimed say little: r1.",
        "1 claims were refused for breaking the rules of issue.",
        "3 payments of 30.00 yuan could not be checked for units: the files do not say it.",
        "Declared, not judged here: no tobacco.",
    ]


def test_another_figure_makes_another_sentence(town: Voucher) -> None:
    before = said(town)
    row = paid("T4", "M3", "400", 2, "C2")
    town("redemption", "import", towns.write("more.csv", towns.PAYMENTS + row))
    after = said(town)
    for section in ("use", "effect", "merchants", "money", "caution"):
        assert before[section] != after[section]
    assert before["issue"] == after["issue"]
    assert "orders of 600.00 yuan" in after["effect"][0]
    assert after["merchants"][0].startswith("3 merchants were paid")


def test_what_had_expired_is_said(town: Voucher) -> None:
    told = said(town, "--as-of", "2020-05-01")
    assert told["use"][1] == ("Vouchers of 0.00 yuan can still be used; 10.00 yuan expired unused.")


def test_before_anything_there_is_little_to_say(town: Voucher) -> None:
    told = said(town, "--as-of", "2020-03-20")
    assert told["effect"] == ["Nothing has been redeemed yet."]
    assert "merchants" not in told


def test_in_chinese_as_a_text(town: Voucher) -> None:
    docx = pytest.importorskip("docx")
    words = ("report", "brief", "--as-of", "2020-03-29", "--lang", "zh")
    for suffix in ("docx", "html", "md"):
        town(*words, "-O", f"brief.{suffix}")
    sentence = "财政补贴 24.00 元，对应订单交易额 200.00 元"
    assert any(sentence in each.text for each in docx.Document("brief.docx").paragraphs)
    page = Path("brief.html").read_text("utf-8")
    assert f"<p>{sentence}" in page and "<table" not in page
    assert sentence in Path("brief.md").read_text("utf-8")
    assert sentence in town(*words).out.replace("\n", "")


@pytest.mark.parametrize(
    ("at", "english", "chinese"),
    [
        ("2020-03-27 08:01:59", "119 seconds after the opening.", "119 秒领完"),
        ("2020-03-27 08:30:00", "30 minutes after the opening (1,800 seconds).", "30 分钟领完"),
        ("2020-03-28 17:00:00", "33 hours after the opening (118,800 seconds).", "33 小时领完"),
        ("2020-04-16 08:00:00", "20 days after the opening (1,728,000 seconds).", "20 天领完"),
    ],
)
def test_how_long_it_took_is_said_in_the_unit_of_people(
    voucher: Voucher, at: str, english: str, chinese: str
) -> None:
    towns.build(voucher, DOCUMENT, PACK, merchants=SHOPS)
    towns.make_round(voucher, "r1", packs=1, state="open", closes="2020-05-01")
    voucher("claim", "import", towns.write("c.csv", f"{towns.CLAIMS}C1,r1,a,{at}\n"))
    (_, sold_out) = said(voucher)["issue"]
    assert sold_out.endswith(english)
    assert chinese in voucher("report", "brief", "--lang", "zh", "-o", "md").out
