"""What every report is made of: the reports there are, the measures with their definitions, and the
dimensions that figures can be grouped by. Each definition stands here once, for every form.
"""

from __future__ import annotations

from typing import NamedTuple

from vouchercli.result import Column, Outcome, Table, Word, say
from vouchercli.rules import leverage as law


class Measure(NamedTuple):
    """A figure of reports: its key in JSON, its heading, what it is counted in, and what it means.
    Source of the formulas: `rules.leverage`.
    """

    key: str
    measure: str
    unit: str
    meaning: str


YUAN, NUMBER, RATIO, RATE = Word("yuan"), Word("a number"), Word("ratio"), Word("share")
MEASURES = (
    Measure(
        "redemptions",
        Word("Redemptions"),
        NUMBER,
        Word("payments with a voucher that stand: one that was refunded in full does not count"),
    ),
    Measure(
        "base_fen",
        Word("Base spend"),
        YUAN,
        Word("what these orders came to after the merchants' own discounts, net of refunds"),
    ),
    Measure(
        "subsidy_fen",
        Word("Subsidy"),
        YUAN,
        Word("what public funders paid of the vouchers, net of what refunds gave back"),
    ),
    Measure("platform_fen", Word("Platform paid"), YUAN, Word("what platforms paid of them")),
    Measure(
        "match_fen",
        Word("Match"),
        YUAN,
        Word("what merchants gave: their match, and their shares of vouchers"),
    ),
    Measure(
        "own_fen",
        Word("Own"),
        YUAN,
        Word("what consumers paid themselves: base - subsidy - platform - match"),
    ),
    Measure(
        "gross",
        Word("G"),
        RATIO,
        Word(
            "gross leverage = base / subsidy: order value of payments that used a voucher, per yuan"
            " of public subsidy; not new consumption"
        ),
    ),
    Measure(
        "own_spend",
        Word("N"),
        RATIO,
        Word("own-spend leverage = own / subsidy; G - 1 where only the treasury pays"),
    ),
    Measure(
        "floor",
        Word("Floor"),
        RATIO,
        Word("floor leverage = least orders / subsidy: what G cannot fall below by the rules"),
    ),
    Measure(
        "all_funders",
        Word("All-funder leverage"),
        RATIO,
        Word("base / (subsidy + platform + match): order value per yuan of whoever gave it"),
    ),
    Measure(
        "gross_of_floor",
        Word("G / floor"),
        RATIO,
        Word("how far orders go beyond what the rules ask for"),
    ),
    Measure(
        "stays_fen",
        Word("Without a sale"),
        YUAN,
        Word("public subsidy that stays with merchants though its order was refunded"),
    ),
    Measure("claimed", Word("Claimed"), NUMBER, Word("packs that residents have claimed")),
    Measure("claim_rate", Word("Claim rate"), RATE, Word("packs claimed / packs of the round")),
    Measure(
        "claimed_vouchers", Word("Vouchers claimed"), NUMBER, Word("the vouchers of claimed packs")
    ),
    Measure(
        "claimed_face_fen",
        Word("Face claimed"),
        YUAN,
        Word("their denominations; of a percentage its cap"),
    ),
    Measure("used_of_claimed", Word("By count"), RATE, Word("vouchers used / vouchers claimed")),
    Measure(
        "paid_of_claimed",
        Word("By amount"),
        RATE,
        Word("paid by vouchers (all funders) / face claimed"),
    ),
    Measure(
        "paid_of_quota",
        Word("Of quota"),
        RATE,
        Word("paid by vouchers / packs x pack value, claimed or not"),
    ),
    Measure(
        "users_of_claimers",
        Word("By person"),
        RATE,
        Word("residents who used a voucher / residents who claimed a pack"),
    ),
    Measure(
        "outstanding_fen",
        Word("Outstanding"),
        YUAN,
        Word("face of claimed vouchers that are neither used nor expired"),
    ),
    Measure(
        "expired_fen", Word("Expired"), YUAN, Word("face of claimed vouchers that expired unused")
    ),
    Measure(
        "sell_out_seconds",
        Word("Seconds"),
        NUMBER,
        Word("from the opening to the claim of the last pack"),
    ),
    Measure(
        "breaches",
        Word("Rule breaches"),
        NUMBER,
        Word("claims that were rejected because they broke the rules of issue"),
    ),
    Measure(
        "with_payments",
        Word("With payments"),
        NUMBER,
        Word("merchants with a payment that stands"),
    ),
    Measure("share", Word("Share of subsidy"), RATE, Word("of the subsidy of all rows")),
    Measure(
        "gini",
        Word("Gini"),
        RATIO,
        Word("0 where all with payments got the same, near 1 where one got all"),
    ),
    Measure(
        "merchants",
        Word("Merchants paid"),
        NUMBER,
        Word("merchants with more payments under the heading than refunds undid; in all each once"),
    ),
    Measure(
        "sized_merchants",
        Word("Of stated size"),
        NUMBER,
        Word("those of them whose size the registry stated when they were paid"),
    ),
    Measure(
        "small_merchants",
        Word("Small and micro"),
        NUMBER,
        Word("those of them that were small, micro or self-employed when they were paid"),
    ),
    Measure(
        "small_share",
        Word("Small share"),
        RATE,
        Word("small and micro merchants / merchants paid of stated size"),
    ),
    Measure("paid_fen", Word("Paid by vouchers"), YUAN, Word("what all funders paid together")),
)
MEANINGS = {each.key: each.meaning for each in MEASURES}

# What a figure is grouped by, and whose word it is.
DIMENSIONS: dict[str, str] = {
    "round": Word("the round whose voucher was used"),
    "family": Word("rounds that were drafted together: one for each face or platform"),
    "template": Word("the card pack of the round"),
    "coupon": Word("the coupon of the pack, as 40-10: 10 off from 40"),
    "day": Word("the local day of the payment"),
    "week": Word("its calendar week, Monday to Sunday"),
    "month": Word("its calendar month"),
    "district": Word("the merchant's district when it was paid, by the registry"),
    "industry": Word("the merchant's industry when it was paid, by the registry"),
    "size": Word("the merchant's size when it was paid, by the registry"),
    "merchant": Word("the merchant"),
    "platform": Word("the platform that issues the round"),
    "channel": Word("how it was paid: offline or online, by the platform's file"),
}
assert tuple(DIMENSIONS) == law.GROUPINGS

REPORTS: dict[str, str] = {
    "leverage": Word("what each public yuan did, by any dimension"),
    "rounds": Word("how each round was taken up and used"),
    "merchants": Word("who takes part, who is paid, and how evenly the money is spread"),
    "districts": Word("what merchants of each district were paid, or of one"),
    "industries": Word("what merchants of each industry were paid, or of one"),
    "timeline": Word("from the draft of each round to its first redemption"),
    "rejects": Word("rejected rows over all files"),
    "funds": Word("where the money of each funder stands"),
    "operations": Word("what the clock did late, and files that did not come in"),
    "compare": Word("rounds, families and programmes side by side"),
    "fairness": Word("who claimed, won and was paid, by group and district"),
    "series": Word("turnover, orders and open shops beside the year before; no effect"),
    "explain": Word("a figure down to files, ways of paying, ledger and rules"),
    "brief": Word("one page of sentences for a section head"),
    "bulletin": Word("a day and all before it, the money left, and what is odd"),
    "site": Word("all of them as a folder of pages, with a search"),
}


def list_reports() -> Outcome:
    """The reports, the measures that they are made of, and the dimensions."""
    return Outcome(
        tables=(
            Table(
                say("Reports"),
                (Column("report", "report"), Column("about", "what it shows", "word")),
                [{"report": name, "about": about} for name, about in REPORTS.items()],
                key="reports",
            ),
            Table(
                say("Measures"),
                (
                    Column("measure", "measure", "word"),
                    Column("key", "in JSON"),
                    Column("unit", "unit", "word"),
                    Column("meaning", "meaning", "word"),
                ),
                MEASURES,
                key="measures",
            ),
            Table(
                say("Dimensions (--by)"),
                (Column("dimension", "dimension"), Column("meaning", "meaning", "word")),
                [{"dimension": name, "meaning": meaning} for name, meaning in DIMENSIONS.items()],
                key="dimensions",
            ),
        ),
    )
