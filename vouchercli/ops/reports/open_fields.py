"""What the columns of published tables are called and mean, and how a table gets its texts in both
languages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.ops.reports.dimensions import DIMENSIONS
from vouchercli.ops.reports.measures import BY_KEY, MEANINGS
from vouchercli.publications import Field, OpenTable
from vouchercli.result import Word

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.publications import Both, Shape

    InBoth = Callable[..., Both]
    Row = dict[str, Any]

PUBLIC = ("open", "paused", "closed", "settled", "archived")
NOT_STATED, SHOWN, NOT_SHOWN = "not_stated", "shown", "not_shown"
WORDS = {
    NOT_STATED: Word("(not stated)"),
    SHOWN: Word("shown"),
    NOT_SHOWN: Word("not shown: too few behind it"),
    "fcfs": Word("first come, first served"),
    "lottery": Word("lottery"),
    "targeted": Word("targeted"),
    "offline": Word("offline"),
    "online": Word("online"),
    **{state: Word(state) for state in (*PUBLIC, "cancelled")},
}
MONEY = ("base_fen", "subsidy_fen", "platform_fen", "match_fen", "own_fen")
FIGURES = ("redemptions", *MONEY, "gross", "own_spend", "floor")
USE = ("used_of_claimed", "paid_of_claimed", "users_of_claimers", "outstanding_fen", "expired_fen")
CUTS: dict[str, Word] = {
    "day": Word("Redemptions by day"),
    "coupon": Word("Redemptions by coupon"),
    "channel": Word("Redemptions by channel"),
    "district": Word("Redemptions by district"),
    "industry": Word("Redemptions by industry"),
    "size": Word("Redemptions by size of merchant"),
}
OF_MERCHANTS = ("district", "industry", "size")
RESIDENTS = {
    "group": Word("Residents by group"),
    "district": Word("Residents by district"),
}

PROGRAMME = (Word("About the programme"), Word("what these tables are about"))
ROUNDS = (Word("All rounds"), Word("each round: its terms, and how its packs were claimed"))
CLAIMS = (Word("Claims by day"), Word("packs claimed, by round and local day"))
USES = (Word("Redemptions by round"), Word("what vouchers paid, by round"))
FUNDERS = (Word("Subsidy by funder"), Word("the subsidy of each round, by public funder"))
CUT = Word("what vouchers paid, by round and one dimension")
WHO = Word("who may have packs, who claimed one, and the subsidy that they used")
TERMS = (
    "template",
    "platform",
    "mode",
    "state",
    "packs",
    "coupons",
    "pack_value_fen",
    "opens_at",
)
ABOUT = (
    "Sums of a consumer-voucher programme; no row is a person, a payment or a merchant. Empty"
    " figures are not shown: fewer than {least} residents, or in cuts by merchant fewer than"
    " {merchants} merchants, could stand behind them, or they would give away such a cell by"
    " subtraction from a total."
)
# name -> (shape, heading, meaning) of what is no measure and no dimension of reports
OWN: dict[str, tuple[Shape, str, str]] = {
    "template": ("text", Word("Template"), DIMENSIONS["template"].meaning),
    "platform": ("text", Word("Platform"), DIMENSIONS["platform"].meaning),
    "mode": ("text", Word("Mode"), Word("how packs are given out")),
    "state": ("text", Word("State"), Word("where the round stands")),
    "packs": ("count", Word("Packs"), Word("packs of the round")),
    "coupons": ("count", Word("Coupons"), Word("vouchers in a pack")),
    "pack_value_fen": ("yuan", Word("Pack value"), Word("the denominations of a pack together")),
    "opens_at": ("time", Word("Opens"), Word("from when packs can be had, local time")),
    "sold_out_at": ("time", Word("Sold out"), Word("when the last pack was claimed, local time")),
    "sell_out_seconds": ("count", Word("Seconds to sell out"), MEANINGS["sell_out_seconds"]),
    "used_of_claimed": ("rate", Word("Used, by count"), MEANINGS["used_of_claimed"]),
    "paid_of_claimed": ("rate", Word("Used, by amount"), MEANINGS["paid_of_claimed"]),
    "users_of_claimers": ("rate", Word("Used, by person"), MEANINGS["users_of_claimers"]),
    "funder": ("text", Word("Funder"), Word("who pays")),
    "merchants": ("count", Word("Merchants"), Word("merchants with anything paid or refunded")),
    "group": ("text", Word("Group"), Word("the group of residents, by the eligibility list")),
    "eligible": ("count", Word("Eligible"), Word("residents on the eligibility list")),
    "claimers": ("count", Word("Who claimed"), Word("of them, residents who claimed a pack")),
    "cell": ("text", Word("Shown"), Word("whether the figures of the row are shown")),
    "programme": ("text", Word("Programme"), Word("the programme's code")),
    "name_zh": ("text", Word("Name in Chinese"), Word("the programme's name in Chinese")),
    "name_en": ("text", Word("Name in English"), Word("the programme's name in English")),
    "time_zone": ("text", Word("Time zone"), Word("the zone of all days and times")),
    "as_of": ("time", Word("As of"), Word("everything up to this moment counts")),
    "min_cell": ("count", Word("Smallest cell"), Word("fewer residents than this are not shown")),
}
DISTRICT_OF_RESIDENTS = Word("the resident's district, by the eligibility list")
GROUPED_BY = ("round", "day", "coupon", "channel", "district", "industry", "size")
SHAPES: dict[str, Shape] = {"fen": "yuan", "int": "count", "ratio": "ratio", "rate": "rate"}

REHEARSED = (
    "From a file for rehearsals: these figures are synthetic, not real. Sums of a"
    " consumer-voucher programme;"
    " empty figures are not shown: fewer than {least} residents, or in cuts by merchant fewer than"
    " {merchants} merchants, could stand behind them."
)


class Draft(NamedTuple):
    """A table before its texts are in both languages; rows are dictionaries."""

    name: str
    title: Word
    meaning: Word
    keys: tuple[str, ...]
    fields: tuple[str, ...]
    rows: list[Row]


def in_words(draft: Draft, in_both: InBoth) -> OpenTable:
    """The table with every text in both languages."""
    names = (*draft.keys, *draft.fields)
    return OpenTable(
        draft.name,
        in_both(draft.title),
        in_both(draft.meaning),
        tuple(_field(draft, name, in_both) for name in names),
        draft.keys,
        [tuple(row[name] for name in names) for row in draft.rows],
    )


def _field(draft: Draft, name: str, in_both: InBoth) -> Field:
    shape, head, meaning = _described(draft.name, name)
    codes = sorted({row[name] for row in draft.rows} & {*WORDS}) if shape == "text" else ()
    title = in_both(head)
    return Field(
        f"{name.removesuffix('_fen')}_yuan" if shape == "yuan" else name,
        shape,
        in_both("{heading} ({unit})", {"heading": Word(head), "unit": Word("yuan")})
        if shape == "yuan"
        else title,
        in_both(meaning),
        {code: in_both(WORDS[code]) for code in codes},
    )


def _described(table: str, name: str) -> tuple[Shape, str, str]:
    """The shape, heading and meaning of a field."""
    if table.startswith("residents_") and name == "district":
        return "text", DIMENSIONS[name].column.label, DISTRICT_OF_RESIDENTS
    if name in OWN:
        return OWN[name]
    if name in GROUPED_BY:
        column, meaning = DIMENSIONS[name]
        return "day" if name == "day" else "text", column.label, meaning
    measure = BY_KEY[name]
    return SHAPES[measure.kind], measure.measure, measure.meaning
