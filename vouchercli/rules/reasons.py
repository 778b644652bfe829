"""Why a row was rejected, or accepted with a warning: every reason code and its explanation.

A code has one or more English templates, the one that says most first: the first whose placeholders
are all among the detail's values is used. In a detail, `base_fen` fills `{base}` (yuan) and
`paid_at` fills `{paid_at}` (local time). A detail with a `text` brings its own template (a fault of
the file's shape). Chinese stands in `cli/zh/reasons.py`. Codes are never renamed: they stand in
people's files.
"""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING, Any

from vouchercli.result import Word
from vouchercli.rules import money, times

if TYPE_CHECKING:
    from collections.abc import Mapping

# Rejects that stay what they are whatever else comes: the row itself is wrong.
FOR_EVER = (
    *("bad_row", "bad_amount", "bad_time", "conflicting_row"),
    *("unknown_arm", "no_week", "no_number", "too_many_places", "below_zero", "not_above_zero"),
    *("cell_too_small", "square_too_small", "product_impossible"),
)
# In the order in which rows are judged: what can be wrong with any row, claims, redemptions,
# registries.
REJECTS: dict[str, tuple[str, ...]] = {
    "bad_row": (
        "{column}: {value}: {problem}",
        "{column} is missing",
        "{problem}",
        "the row cannot be read: a value is missing, shifted or damaged",
    ),
    "bad_amount": (
        "{column}: {value}: {problem}",
        "{column}: {value} is not an amount in yuan with at most two decimals",
        "the amount is not in yuan with at most two decimals",
    ),
    "bad_time": (
        "{column}: {value}: {problem}",
        "{column}: {value} is not a time",
        "the time cannot be read",
    ),
    "unknown_round": ("there is no round {round}", "there is no such round"),
    "unknown_face": (
        "no round of {round} has the face {face}; its faces: {known}",
        "{round} is a family of rounds: the claim must say which ({known})",
        "the family of rounds has no such face",
    ),
    "wrong_platform": (
        "round {round} is issued by {platform}; this file comes from {sender}",
        "the round is issued by another platform than the one that sent the file",
    ),
    "round_not_open": (
        "round {round} is {state}: it takes no claims",
        "the round takes no claims now",
    ),
    "before_opening": (
        "claimed at {claimed_at}, before the round opened at {opens_at}",
        "claimed before the round opened",
    ),
    "after_closing": (
        "claimed at {claimed_at}, after the round closed at {closes_at}",
        "claimed after the round closed",
    ),
    "round_paused": (
        "claimed at {claimed_at}, while round {round} was paused",
        "claimed while the round was paused",
    ),
    "over_quota": (
        "all {packs} packs of round {round} are claimed",
        "the packs of the round are all claimed",
    ),
    "resident_limit": (
        "this resident already has {day_limit} packs of {of} of that day, the most allowed",
        "this resident already has {week_limit} packs of {of} of that week, the most allowed",
        "this resident already has {month_limit} packs of {of} of that month, the most allowed",
        "this resident already has {programme_limit} packs of {of}, the most allowed",
        "this resident already has a pack of {one_of}: one of these for each person",
        "with this pack the resident would have more than {face_day_limit} yuan of face of that"
        " day",
        "with this pack the resident would have more than {face_week_limit} yuan of face of that"
        " week",
        "with this pack the resident would have more than {face_month_limit} yuan of face of that"
        " month",
        "with this pack the resident would have more than {face_programme_limit} yuan of face",
        "this resident has a pack that is {unfinished}: the next one only after it",
        "this resident already has {day_limit} packs of that day, the most allowed",
        "this resident already has {week_limit} packs of that week, the most allowed",
        "this resident already has {month_limit} packs of that month, the most allowed",
        "this resident already has {programme_limit} packs, the most that the programme allows",
        "this resident already has {limit} packs, the most allowed",
        "this resident already has the packs allowed",
    ),
    "not_eligible": (
        "a case excludes this resident from packs from {excluded_at} on",
        "this resident is not on the list of group {group}",
        "this resident is not on the round's list",
    ),
    "not_a_winner": (
        "application {application_no} did not win in the draw of {round}",
        "this resident did not win in the draw of {round}",
        "this resident did not win in the draw",
    ),
    "claim_reused": (
        "claim number {claim_no} already stands for another claim",
        "the claim number already stands for another claim",
    ),
    "by_list_only": (
        "round {round} is granted to the residents of its list: nobody applies for it",
        "the round is granted to the residents of its list: nobody applies for it",
    ),
    "drawn_with_another": (
        "round {round} is drawn together with another one: people apply for that one",
        "the round is drawn together with another one: people apply for that one",
    ),
    "before_registration": (
        "applied at {applied_at}, before one could apply (from {opens_at} on)",
        "applied before one could apply",
    ),
    "after_registration": (
        "applied at {applied_at}, when one could no longer apply (until {closes_at})",
        "applied when one could no longer apply",
    ),
    "list_published": (
        (
            "the list of entrants of {round} was published at {published_at}: nobody can join it"
            " any more"
        ),
        "the list of entrants was published: nobody can join it any more",
    ),
    "application_reused": (
        (
            "application number {application_no} already stands for another application of round"
            " {round}"
        ),
        "the application number already stands for another application of the round",
    ),
    "unknown_claim": (
        "claim {claim_no} was refused, {refused_for}: batch {refused_batch}, line {refused_line}",
        "there is no claim {claim_no} here",
        "there is no such claim here",
    ),
    "unknown_coupon": (
        "the pack has no coupon number {coupon_no}",
        "the pack has no such coupon number",
    ),
    "unknown_merchant": (
        "merchant {merchant_no} is not in the registry",
        "the merchant is not in the registry",
    ),
    "merchant_suspended": (
        "merchant {merchant_no} was suspended at {paid_at}",
        "the merchant was suspended when it was paid",
    ),
    "out_of_scope": (
        "out of the voucher's scope: {weekday} is not in weekdays {weekdays}",
        "out of the voucher's scope: the night of {night} is not in weekdays {weekdays}",
        "out of the voucher's scope: {weekday} {hour} is not in hours {hours}",
        "out of the voucher's scope: {hour} is not in hours {hours}",
        "out of the voucher's scope: {used_channel} is not in channel {only_channel}",
        "out of the voucher's scope: {district} is not in districts {districts}",
        "out of the voucher's scope: the merchant's district is not known, it is not in districts"
        " {districts}",
        "out of the voucher's scope: {industry} is not in industries {industries}",
        "out of the voucher's scope: the merchant's industry is not known, it is not in industries"
        " {industries}",
        "out of the voucher's scope: {size} is not in sizes {sizes}",
        "out of the voucher's scope: the merchant's size is not known, it is not in sizes {sizes}",
        "out of the voucher's scope: {other_merchant} is not among its {merchants} merchants",
        "out of the voucher's scope: {excluded} is excluded",
        "out of the voucher's scope: {unregistered} is in no registry",
        "the voucher is not for this merchant, channel or hour",
    ),
    "other_goods": (
        "{excluded_goods} is not among the goods that the voucher is for",
        "{goods} is not among the goods that the voucher is for: {only_goods}",
        "the goods are not those that the voucher is for",
    ),
    "other_grade": (
        "grade {grade} of {goods} is not {grades}",
        "grade {paid_grade} is none of those that the voucher pays for: {grades}",
        "the goods have another grade than the voucher asks",
    ),
    "too_many_units": (
        "{units} pieces in one order; the voucher is for at most {most_units}",
        "more pieces in one order than the voucher is for",
    ),
    "delivered_elsewhere": (
        "delivered to {delivered_to}; the voucher is for {places}",
        "delivered elsewhere than the voucher is for",
    ),
    "not_beside": (
        "{amount} yuan of it are {beside}: the voucher may not be used beside it",
        "the voucher may not be used beside what else was paid with",
    ),
    "not_yet_valid": (
        "paid at {paid_at}, before the round opens at {opens_at}",
        "paid at {paid_at}; the voucher can be used from {usable_at} on",
        "paid at {paid_at}, before the claim at {claimed_at}",
        "paid before the voucher was claimed",
    ),
    "expired": (
        "paid at {paid_at}; the voucher expired at {expires_at}",
        "paid after the voucher expired",
    ),
    "below_threshold": (
        "{base} after merchant discounts is below the threshold of {threshold}",
        "the price after merchant discounts is below the threshold",
    ),
    "above_price_end": (
        "{base} after merchant discounts is above {most_base}, the most for which the voucher is",
        "the price after merchant discounts is above the voucher's price end",
    ),
    "funds_released": (
        "the {missing} yuan that it needs were released and are promised elsewhere",
        "the money that it needs was released and is promised elsewhere",
    ),
    "round_settled": (
        "round {round} is settled and takes nothing more",
        "its round is settled and takes nothing more",
    ),
    "displaces_sealed": (
        "it comes before a row that stands and is sealed ({sealed_on}): two people must decide",
        "it comes before a row that stands and is sealed: two people must decide",
    ),
    "outside_days": (
        "its day is not among those that are held against the bill: {first} to {last}",
        "its day was not held against a bill yet",
    ),
    "in_future": (
        "paid at {paid_at}, later than now: rows up to {latest_at} are taken, the tick takes this"
        " one when its time has come",
        "claimed at {claimed_at}, later than now: rows up to {latest_at} are taken, the tick takes"
        " this one when its time has come",
        "applied at {applied_at}, later than now: rows up to {latest_at} are taken, the tick takes"
        " this one when its time has come",
        "the row is later than now",
    ),
    "subsidy_mismatch": (
        "the file says the voucher paid {subsidy}; by the rules it pays {expected}",
        "the file says {subsidy} of the voucher's money go back; by the refund policy {returns} do",
        "the subsidy of the file is not what the rules give",
    ),
    "already_redeemed": (
        "the voucher is already used in {transaction_no}",
        "the voucher is already used",
    ),
    "over_limit": (
        "the resident already used {limit} vouchers at this merchant that day, the most allowed",
        "the resident already used the vouchers allowed at this merchant that day",
    ),
    "over_use_limit": (
        "the resident already used {vouchers_per_resident_day} vouchers of that day, the most"
        " allowed",
        "the resident already used {vouchers_per_merchant_day} vouchers at this merchant of that"
        " day, the most allowed",
        "with this voucher the resident would have used more than {subsidy_per_resident_day}"
        " yuan of that day",
        "with this voucher the merchant would have got more than {subsidy_per_merchant_day} yuan"
        " of that day",
        "with this voucher all together would have used more than {budget_day} yuan of that day",
        "the resident already used {vouchers_per_resident_week} vouchers of that week, the most"
        " allowed",
        "the resident already used {vouchers_per_merchant_week} vouchers at this merchant of"
        " that week, the most allowed",
        "with this voucher the resident would have used more than {subsidy_per_resident_week}"
        " yuan of that week",
        "with this voucher the merchant would have got more than {subsidy_per_merchant_week}"
        " yuan of that week",
        "with this voucher all together would have used more than {budget_week} yuan of that week",
        "the resident already used {vouchers_per_resident_month} vouchers of that month, the"
        " most allowed",
        "the resident already used {vouchers_per_merchant_month} vouchers at this merchant of"
        " that month, the most allowed",
        "with this voucher the resident would have used more than {subsidy_per_resident_month}"
        " yuan of that month",
        "with this voucher the merchant would have got more than {subsidy_per_merchant_month}"
        " yuan of that month",
        "with this voucher all together would have used more than {budget_month} yuan of that"
        " month",
        "the resident already used {vouchers_per_resident_programme} vouchers, the most allowed",
        "the resident already used {vouchers_per_merchant_programme} vouchers at this merchant,"
        " the most allowed",
        "with this voucher the resident would have used more than"
        " {subsidy_per_resident_programme} yuan",
        "with this voucher the merchant would have got more than"
        " {subsidy_per_merchant_programme} yuan",
        "with this voucher all together would have used more than {budget_programme} yuan",
        "a limit of the vouchers used has no room",
    ),
    "serial_used": (
        "the piece with serial number {serial} was used already, in {holder_no}",
        "the piece with serial number {serial} was used already",
        "a piece with that serial number was used already",
    ),
    "class_used": (
        "the resident already has as many of {class} as one may have: {most_of_class}",
        "the resident already has as many pieces of that class as one may have",
    ),
    "transaction_reused": (
        "transaction number {transaction_no} already stands for another row",
        "the transaction number already stands for another row",
    ),
    "refund_without_payment": (
        "there is no payment {refund_of} of this voucher at this merchant to refund",
        "there is no payment of this voucher at this merchant to refund",
    ),
    "refund_too_large": (
        "{base} is refunded, but only {left} of the payment is left",
        "more is refunded than is left of the payment",
    ),
    "full_refund": ("the programme takes no refund of a whole order",),
    "late_refund": (
        "refunded at {paid_at}, after the voucher expired at {expires_at}: the programme takes no"
        " late refund",
        "the programme takes no refund after the voucher has expired",
    ),
    "partial_refund": (
        "{base} of {paid} is refunded: the programme takes only full refunds",
        "the programme takes only full refunds",
    ),
    "other_figure": (
        "the figure stands as {standing} by batch {batch}: a corrected file is imported with"
        " --revise",
        "the figure stands with another value",
    ),
    "conflicting_figure": (
        "line {line} of this file gives the same figure another value",
        "another line of the file gives the same figure another value",
    ),
    "unknown_arm": ("the arm is won or lost, not {value}", "the arm is won or lost"),
    "no_week": (
        "week 0 says nothing: 4 is all up to the end of the fourth week, -4 the four before",
    ),
    "no_number": ("{column}: {value} is not a number", "it is not a number"),
    "too_many_places": (
        "{column}: {value} has too many places",
        "a number has too many places",
    ),
    "below_zero": ("{column}: {value} is below 0", "a number is below 0"),
    "not_above_zero": ("{column}: {value} is not more than 0", "a number is not more than 0"),
    "cell_too_small": (
        "{value} people are too few to be told of: at least {smallest}",
        "the people of a cell are too few to be told of",
    ),
    "square_too_small": (
        "{column}: {value} is too small for the sum beside it: the cell is damaged",
        "a sum of squares is too small for the sum beside it",
    ),
    "product_impossible": (
        "{column}: {value} cannot be, beside the squares: the cell is damaged",
        "a sum of products cannot be, beside the squares",
    ),
    "cell_twice": (
        "the same cell stands in line {line} of batch {batch} too",
        "the same cell stands in line {line} too",
        "the same cell stands twice",
    ),
    "more_people_than_here": (
        "week {week}, {arm}: the cells tell of {told} people, here are {known}",
        "the cells tell of more people than there are here",
    ),
    "conflicting_row": (
        "merchant {merchant_no} stands on line {first_line} with other values",
        "another row has number {transaction_no}, the same voucher and the same second, and says"
        " something else",
        "another row has claim number {claim_no} and the same second, and says something else",
        "the merchant stands earlier in the file with other values",
    ),
}

WARNINGS: dict[str, tuple[str, ...]] = {
    "lines_inside_a_cell": (
        "lines {first_line} to {last_line} are one row: a cell of it holds lines that look like"
        " rows",
        "a cell of the row holds lines that look like rows",
    ),
    "refund_forfeits": ("the resident does not get the voucher back: it stays used",),
    "subsidy_stays": (
        "{subsidy} yuan of the voucher stay on a sale that is refunded",
        "the voucher's money stays on a sale that is refunded",
    ),
    "uscc_check_digit": (
        (
            "{uscc} is not a valid unified social credit code (its last character should be"
            " {expected})"
        ),
        "{uscc} is not a valid unified social credit code",
        "the unified social credit code is not valid",
    ),
    "bank_no_check_digit": (
        (
            "{bank_no} is not a valid number of a bank (its last digit should be {expected}):"
            " a payment may come back"
        ),
        "{bank_no} is not a valid number of a bank",
        "the number of the bank is not valid",
    ),
    "old_registration_number": (
        "{uscc} is an old registration number of {digits} digits, not a unified social credit code",
        "an old registration number stands in place of the unified social credit code",
    ),
    "error_cell": (
        "{column}: {value}: a spreadsheet's error, not a value: what is known of it stays",
        "a cell is a spreadsheet's error: what is known of it stays",
    ),
    "fewer_people_than_drawn": (
        "week {week}, {arm}: the cells tell of {told} of the {known} people who were drawn",
        "the cells tell of fewer people than were drawn",
    ),
    "perhaps_a_month": (
        "{first} is taken for that day; if the month is meant, write it as a text like 2020-03",
        "the first day of a month stands where a month may be meant",
    ),
    "identity_check_digit": (
        "the last character of the resident's identity number does not fit to the others: it may"
        " be mistyped",
    ),
    "retired_division": (
        "division code {district} was retired; it became {successor}",
        "division code {district} was retired",
        "the division code was retired",
    ),
}

EXPLANATIONS = {**REJECTS, **WARNINGS}
# Values that are words of ours.
WORDS = (
    *("state", "problem", "weekday", "night", "used_channel", "only_channel", "weekdays"),
    "unfinished",
    "beside",
    "arm",
)


def explained(code: str, detail: Mapping[str, Any], zone: str) -> tuple[str, dict[str, Any]]:
    """The template that says most of what `detail` knows, and the values that fill it; the code
    itself if it is unknown.
    """
    values = {key: value for name, raw in detail.items() for key, value in _shown(name, raw, zone)}
    templates = EXPLANATIONS.get(code, ())
    if "text" in values:
        templates = (str(values["text"]), *templates)
    for template in templates:
        if placeholders(template) <= values.keys():
            return template, values
    return (templates[-1], {}) if templates else ("{code}", {"code": code})


def placeholders(template: str) -> set[str]:
    """The names between braces."""
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def _shown(name: str, raw: Any, zone: str) -> list[tuple[str, Any]]:
    """A value of the detail as a sentence shows it."""
    if name.endswith("_fen") and isinstance(raw, int):
        return [(name.removesuffix("_fen"), money.yuan(raw))]
    if name.endswith("_on") and isinstance(raw, int):
        return [(name, times.day_text(raw))]
    if name.endswith("_at") and isinstance(raw, int):
        return [(name, times.shown_as(name, raw, zone))]
    if name in WORDS:
        return [(name, Word(raw))]
    return [(name, raw)] if raw is not None else []
