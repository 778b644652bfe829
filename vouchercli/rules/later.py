"""Clauses of real notices that the program does not do yet. Whoever writes one is told in words:
what it is, what it would do to the money if it were left out, and what to write instead.

To declare such a clause under `not_enforced` is not enough: it changes who pays how much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.documents import Fault
from vouchercli.result import say
from vouchercli.rules.limits import PER_VISIT, SPANS
from vouchercli.rules.uses import USES

if TYPE_CHECKING:
    from collections.abc import Iterator

BALANCE = Fault(
    (),
    "no_balance",
    "a balance (a sum that is used in parts until nothing is left of it) is not kept here: a"
    " voucher is used once, whole",
    "do not write it as amount_off: payments below the whole sum would be refused, and what is left"
    " of it would lapse. Notes of fixed amounts can be written:"
    ' {{count: 10, kind: amount_off, denomination: "10.00", threshold: "10.00"}}',
)
STACKED = Fault(
    (),
    "no_stacking",
    "several vouchers or reductions together on one payment are not judged here: a payment uses one"
    " voucher",
    "leave it out only where the notice says one voucher a payment: otherwise every further voucher"
    " of a payment would be refused, and its money would not be paid",
)
BOUGHT = Fault(
    (),
    "no_price",
    "a pack that residents buy is not kept here: packs are given out free of charge",
    "do not write it as a free pack: the fund would pay its whole face, also what the residents"
    " have paid for it (too much by packs x price)",
)
ADDED = Fault(
    (),
    "no_added_sum",
    "a sum that is added in a case (an old car scrapped) is not judged here: a voucher pays what"
    " its coupon says",
    "write a template and a round for each sum, given to those on a list: voucher round create"
    " --mode targeted --group NAME. Left out, everyone would get the smaller sum",
)
BOUGHT_FIRST = Fault(
    (),
    "no_purchase_first",
    "bought first, reviewed, then granted is not done here: a voucher is claimed before it pays",
    "grant it after the review: a targeted round for those who passed it, a template and a group"
    " for each amount (voucher round create --mode targeted --group NAME). A payment from before"
    " its claim is refused, and its money is not paid",
)
ONE_PER = Fault(
    (),
    "no_households",
    "one pack a household, a vehicle or anything else but a person is not counted here: packs are"
    " counted by resident",
    "write the number of the household (the vehicle) as the resident in every file; by the numbers"
    " of persons, each member would get a pack",
)
SHARED_REFUND = Fault(
    (),
    "no_refund_order",
    "the order in which a refund is shared between buyer and voucher is not followed here",
    "write under money what of the voucher goes back to the fund in each case: returns, pro_rata or"
    " stays. Left out, a refund in part takes its share of the voucher's money",
)
SETTLED = Fault(
    (),
    "settlement_of_the_programme",
    "how merchants are paid is said once for a programme, not here",
    "write it in the programme's file: settlement: {{by: merchant, every: day}}",
)
OF_A_ROUND = Fault(
    (),
    "terms_of_a_round",
    "the terms of a round stand in no file",
    "leave them out here and give them to voucher round create: mode, packs, opening, closing",
)
FOREIGN = Fault(
    (),
    "other_currency",
    "amounts in another currency are not kept here: every amount is in yuan and fen",
    "leave currency out for a rehearsal only: every report calls the amounts yuan, and shares are"
    " rounded to hundredths, also of a currency that has none (JPY, KRW)",
)

IN_A_SCOPE = Fault(
    (),
    "stands_in_a_scope",
    "what a voucher is for stands in a scope: that of the pack, or of one coupon",
    "write scope: {{goods: [NAME, NAME]}}, with the key and its words under it",
)
OWN_DISTRICT = Fault(
    (),
    "no_own_district",
    "only in the resident's own district is not judged here",
    "write a group, a template with its districts and a round for each district, given to those on"
    " its list. Left out, the voucher would pay in every district",
)
SPAN_OF_USE = Fault(
    (),
    "span_of_use",
    "the span of this limit is said under per",
    "vouchers_per_resident: {{per: day, at_most: 3}}; subsidy_per_merchant: {{per: month, at_most:"
    ' "5000.00"}}',
)
STORED_VALUE = Fault(
    (),
    "no_base_without_stored_value",
    "what is paid from a stored-value card is not taken off the base here",
    "where the notice forbids such payments write scope: {{not_beside: [stored_value]}}: judged"
    " where a file has the column. Left out, each would be paid on its whole amount",
)
ONE_OF_FACES = Fault(
    (),
    "no_choice_of_face",
    "a pack of which a resident takes one face is not kept here: a claim gives the whole pack",
    "write a template and a round for each face, and under limits one_of: [[ROUND, ROUND]]. As one"
    " pack, everybody would have all its faces",
)

FROM_THE_ISSUE = Fault(
    (),
    "no_days_from_issue",
    "the issue of a voucher may be the opening of its round or the claim: nothing says which",
    "write from: opening where all vouchers of the round end together, from: claim where each has"
    " its own end",
)

# Of any other key: it may be a clause of a notice too.
UNKNOWN = say(
    "allowed here: {known}. A clause that nobody can judge from the files is written in words under"
    " not_enforced",
    known="",
).text

KEYS = {
    "at_most_per_day": BALANCE,
    "rate": BALANCE,
    "plus": BALANCE,
    "stack": STACKED,
    "price": BOUGHT,
    "pick": ONE_OF_FACES,
    **dict.fromkeys(("goods", "industries", "districts", "merchants"), IN_A_SCOPE),
    "own_district": OWN_DISTRICT,
    "base": STORED_VALUE,
    **{
        f"{key}_per_{span}": SPAN_OF_USE
        for key in USES
        for span in SPANS
        if f"{key}_per_{span}" != PER_VISIT
    },
    "extra": ADDED,
    "review": BOUGHT_FIRST,
    "one_per": ONE_PER,
    "order": SHARED_REFUND,
    "settlement": SETTLED,
    "round": OF_A_ROUND,
}
WORDS = {
    ("kind", "balance"): BALANCE,
    ("mode", "purchase_first"): BOUGHT_FIRST,
    ("from", "issue"): FROM_THE_ISSUE,
}


def of_key(key: str, value: Any) -> Iterator[Fault]:
    """What is said of a key that has no meaning here, and of what stands under it."""
    if key in KEYS:
        yield KEYS[key]
    if clause := of_word(key, value):
        yield clause
    parts = value.items() if isinstance(value, dict) and key in KEYS else ()
    for inner, each in parts:
        yield from of_key(inner, each)


def of_word(key: str, word: Any) -> Fault | None:
    """What is said of a word that is not allowed under this key."""
    return FOREIGN if key == "currency" else WORDS.get((key, str(word)))
