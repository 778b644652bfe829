"""Empty files of our own layout to fill in, and what belongs into each column."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.formats import whole_files
from vouchercli.formats.configs import profiles
from vouchercli.formats.configs.fields import FIELDS_OF, KIND_WORDS, OPTIONAL, type_of
from vouchercli.formats.written import blank_workbooks
from vouchercli.formats.written.blank_workbooks import BlankColumn
from vouchercli.result import Column, Outcome, Table, Word, say

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vouchercli.formats.configs.profiles import Profile

OURS = "voucher"  # the profile of our own layout
BY_KIND = {"cells": "cells", "survey": "survey"}  # that have a profile of their own


class Meaning(NamedTuple):
    """What belongs into a column, and an example."""

    what: Word
    example: str


MERCHANT_NO = Meaning(Word("the merchant's number in the registry"), "M00001")
PLATFORM_NO = Meaning(
    Word("the number by which the payment platform knows the merchant"), "2088001"
)
CLAIM_NO = Meaning(Word("the platform's number of the claimed pack"), "C000001")
ROUND = Meaning(Word("the code of the round"), "hz-1")
RESIDENT = Meaning(
    Word("who it is: identity number, mobile number or the platform's user number"),
    "U0000001",
)
GROUP = Meaning(Word("the group of residents that the person belongs to"), "")
DISTRICT = Meaning(Word("district or county"), "上城区")

MEANINGS: dict[str, dict[str, Meaning]] = {
    "merchants": {
        "merchant_no": Meaning(Word("the number that stays the merchant's for good"), "M00001"),
        "name": Meaning(Word("the name on the sign or licence"), "知味观"),
        "uscc": Meaning(Word("unified social credit code, 18 characters"), "91330100143030512B"),
        "district": DISTRICT,
        "industry": Meaning(Word("industry, by the words that the programme's scope uses"), "餐饮"),
        "size": Meaning(Word("size of the enterprise, as small or micro"), "micro"),
        "brand": Meaning(Word("brand of a chain, alike in all its shops; else blank"), ""),
        "designated_size": Meaning(
            Word("above or below designated size: above, below, or 限上, 限下"), "below"
        ),
        "address": Meaning(Word("address of the shop"), "仁和路83号"),
        "phone": Meaning(Word("telephone of the shop"), "0571-87010000"),
        "platform_no": PLATFORM_NO,
        "account_name": Meaning(Word("name of the account that is paid"), "杭州知味观食品有限公司"),
        "account_no": Meaning(Word("number of the account that is paid"), "1202020009900012345"),
        "bank": Meaning(Word("bank and branch of the account"), "工商银行杭州分行"),
        "bank_no": Meaning(
            Word("number of that bank in the payment system, 12 digits"), "102331002010"
        ),
    },
    "applications": {
        "application_no": Meaning(Word("the platform's number of the application"), "A000001"),
        "round": ROUND,
        "resident": RESIDENT,
        "applied_at": Meaning(Word("when the person applied, local time"), "2020-03-27 08:00:01"),
        "group": GROUP,
        "district": DISTRICT,
        "device": Meaning(Word("device; who shares it with another is the same person"), ""),
        "mobile": Meaning(Word("mobile number; who shares it with another is the same person"), ""),
        "card": Meaning(Word("bank card; who shares it with another is the same person"), ""),
        "account": Meaning(
            Word("payment account; who shares it with another is the same person"), ""
        ),
    },
    "eligibility": {"resident": RESIDENT, "group": GROUP, "district": DISTRICT},
    "series": {
        "measure": Meaning(Word("what is counted"), "turnover"),
        "period": Meaning(
            Word("a day, week, month, quarter, year, or the first and last of several"),
            "2020-03-27",
        ),
        "industry": Meaning(Word("industry; blank: all of them together"), "catering"),
        "district": Meaning(Word("district or county; blank: all of them together"), ""),
        "brand": Meaning(Word("brand or chain; blank: all of them together"), ""),
        "value": Meaning(Word("how much, in its unit"), "1234.56"),
        "unit": Meaning(Word("yuan, 万元, 亿元 or fen; of counts nothing, or 万"), "万元"),
        "source": Meaning(Word("who says so"), ""),
    },
    "claims": {
        "claim_no": CLAIM_NO,
        "round": ROUND,
        "resident": RESIDENT,
        "claimed_at": Meaning(Word("when the pack was claimed, local time"), "2020-03-27 08:00:01"),
        "application_no": Meaning(
            Word("of a lottery drawn here: the number of the application that won"), ""
        ),
        "face": Meaning(Word("of a family of rounds: its face, like 90-300"), ""),
        "expires_at": Meaning(
            Word("where the platform states the end: until when the vouchers are valid"), ""
        ),
    },
    "redemptions": {
        "transaction_no": Meaning(
            Word("the platform's number of the payment or refund"), "T000001"
        ),
        "kind": Meaning(Word("payment or refund"), "pay"),
        "claim_no": CLAIM_NO,
        "coupon_no": Meaning(Word("which coupon of the pack, counted from 1"), "1"),
        "merchant_no": MERCHANT_NO,
        "platform_no": PLATFORM_NO,
        "paid_at": Meaning(Word("when it was paid or refunded, local time"), "2020-03-28 12:10:00"),
        "order_amount": Meaning(Word("amount of the order in yuan, before any discount"), "100.00"),
        "merchant_discount": Meaning(Word("the merchant's own discount in yuan"), "0.00"),
        "subsidy": Meaning(Word("what the coupon paid in yuan, as the platform says"), "10.00"),
        "refund_of": Meaning(Word("of a refund, the number of its payment"), ""),
        "channel": Meaning(Word("online or offline, where the scope asks for it"), "offline"),
        "goods": Meaning(Word("the class of what was bought, where the scope asks for it"), "tv"),
        "grade": Meaning(Word("its energy or water grade, where the template asks for it"), "1"),
        "units": Meaning(Word("how many pieces, where the scope asks for it"), "1"),
        "diners": Meaning(Word("how many people ate, where the cap is one for each"), "2"),
        "delivered_to": Meaning(Word("the city or district of delivery, where the scope asks"), ""),
        "serial": Meaning(Word("the serial number or IMEI of the piece, where the scope asks"), ""),
        "stored_value": Meaning(
            Word("yuan of it paid from a stored-value card, where the scope excludes it"), ""
        ),
        "platform_discount": Meaning(
            Word("the platform's own discount in yuan, where the scope excludes it"), ""
        ),
    },
    "cells": {
        "round": Meaning(
            Word("the round; of two arms the one whose pack was won"),
            "r1",
        ),
        "arm": Meaning(
            Word(
                "won: they got a pack; lost: they asked and got none; in waves won: the district"
                " begins in these weeks; lost: it does not"
            ),
            "won",
        ),
        "arrival": Meaning(
            Word(
                "the middle of the bin: milliseconds from selling out (before it below 0), or"
                " thousandths of a point from the limit; in waves the week in which the district"
                " begins (blank: 1); blank in a lottery"
            ),
            "",
        ),
        "week": Meaning(
            Word(
                "4: from the opening to the end of the fourth week; -4: the four weeks before it;"
                " in waves that week alone"
            ),
            "4",
        ),
        "stratum": Meaning(
            Word("the part of the draw; in waves the district; else blank"), "上城区"
        ),
        "n": Meaning(Word("how many people"), "100"),
        "y": Meaning(Word("sum of what each of them spent, in yuan"), "44313.54"),
        "yy": Meaning(Word("sum of its squares"), "23886495.4546"),
        "s": Meaning(Word("sum of the subsidy that each of them used, in yuan"), "2280"),
        "ss": Meaning(Word("sum of its squares"), "91200"),
        "sy": Meaning(Word("sum of subsidy times spending"), "1180408.4"),
        "x": Meaning(
            Word("sum of what each of them spent in the weeks before the opening, in yuan"),
            "28550.05",
        ),
        "xx": Meaning(Word("sum of its squares"), "11580055.5459"),
        "xy": Meaning(Word("sum of earlier times later spending"), "15781388.1523"),
        "xs": Meaning(Word("sum of earlier spending times subsidy"), "753872"),
    },
    "survey": {
        "round": ROUND,
        "stratum": Meaning(Word("the part of the sample; else blank"), "上城区"),
        "weight": Meaning(
            Word("how many people the answer stands for: residents of its part / answers of it"),
            "12.5",
        ),
        "answers": Meaning(Word("1 person's answer; above 1: a sum that somebody printed"), "1"),
        "used": Meaning(Word("yuan of vouchers that the person used"), "50.00"),
        "ordinary": Meaning(Word("of what was bought: what one would have bought anyway"), "30.00"),
        "by_voucher": Meaning(Word("of what was bought: only because of the vouchers"), "20.00"),
        "of_own": Meaning(Word("own money that was added only because of them"), "10.00"),
    },
}
# What alone may stand in a column, by language.
WORDS: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("redemptions", "kind"): {"en": ("pay", "refund"), "zh": ("支付", "退款")},
    ("series", "measure"): {
        "en": ("turnover", "orders", "shops"),
        "zh": ("营业额", "订单数", "营业店铺数"),
    },
    ("cells", "arm"): {"en": ("won", "lost"), "zh": ("中签", "未中签")},
    ("redemptions", "channel"): {"en": ("offline", "online"), "zh": ("线下", "线上")},
}

EXPLAINED = (
    Column("column", "column"),
    Column("field", "field"),
    Column("is_needed", "needed", "word", shown="needed"),
    Column("what", "what belongs there", "word"),
    Column("example", "example"),
)


def explain(kind: str, language: str) -> Outcome:
    """The columns of our own layout of such a file, and what belongs into each."""
    title = say("Columns of the {kind}", kind=KIND_WORDS[kind])
    table = Table(title, EXPLAINED, _explained(kind, language), key="columns")
    return Outcome({"kind": kind}, (table,))


def blank(kind: str, form: blank_workbooks.Form, language: str, t: Callable[[str], str]) -> Outcome:
    """An empty file of our own layout with headings in the language (`zh`, `en`), as CSV text or
    as the bytes of a workbook; `t` translates.
    """
    columns = _columns(kind, language)
    if form == "csv":
        text = ",".join(column.heading for column in columns) + "\n"
        return Outcome({"kind": kind}, document=text)
    head = tuple(t(column.label) for column in EXPLAINED)
    rows = [
        tuple(
            t(column.of(row)) if column.kind == "word" else column.of(row) for column in EXPLAINED
        )
        for row in _explained(kind, language)
    ]
    content = blank_workbooks.workbook(
        t(KIND_WORDS[kind]), columns, t("what belongs there"), (head, *rows)
    )
    return Outcome({"kind": kind}, document=content)


def write(outcome: Outcome, to: Path) -> Outcome:
    """Write the document of an outcome into a new file. Raises `file_exists`,
    `unwritable_file`.
    """
    content = outcome.document or b""
    whole_files.write_new(to, content.encode("utf-8-sig") if isinstance(content, str) else content)
    says = (say("{file} is there to be filled in", file=str(to)),)
    return replace(outcome, data={**outcome.data, "file": str(to)}, says=says, document=None)


def _columns(kind: str, language: str) -> list[BlankColumn]:
    profile = profiles.load(BY_KIND.get(kind, OURS), kind)
    return [
        BlankColumn(
            heading(profile, field, language),
            type_of(field),
            WORDS.get((kind, field), {}).get(language, ()),
        )
        for field in FIELDS_OF[kind]
    ]


def _explained(kind: str, language: str) -> list[dict[str, Any]]:
    profile = profiles.load(BY_KIND.get(kind, OURS), kind)
    return [
        {
            "column": heading(profile, field, language),
            "field": field,
            "is_needed": field not in OPTIONAL[kind],
            "needed": Word("no") if field in OPTIONAL[kind] else Word("yes"),
            "what": meaning.what,
            "example": _example(kind, field, language) or meaning.example,
        }
        for field, meaning in MEANINGS[kind].items()
    ]


def _example(kind: str, field: str, language: str) -> str:
    words = WORDS.get((kind, field), {}).get(language)
    return words[0] if words else ""


def heading(profile: Profile, field: str, language: str) -> str:
    """The first name in that language that a profile knows a field's column by."""
    names = (
        profile.kind_rule.columns
        if field == "kind" and profile.kind == "redemptions"
        else profile.fields[field].columns
    )
    is_chinese = language == "zh"
    return next((name for name in names if name.isascii() != is_chinese), names[0])
