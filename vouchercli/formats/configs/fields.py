"""Our own fields, kind by kind: an importer gets these from any file, whatever its columns are
called.
"""

from __future__ import annotations

from typing import Literal

from vouchercli.result import Word

Type = Literal["id", "name", "time", "amount"]

# What only some files say of a payment; read where a template asks for it.
DETAILS = (
    "goods",
    "grade",
    "units",
    "diners",
    "delivered_to",
    "serial",
    "stored_value",
    "platform_discount",
)

FIELDS: dict[str, tuple[str, ...]] = {
    "merchants": (
        "merchant_no",
        "name",
        "uscc",
        "district",
        "industry",
        "size",
        "brand",
        "designated_size",
        "address",
        "phone",
        "platform_no",
        "account_name",
        "account_no",
        "bank",
        "bank_no",
    ),
    "applications": (
        "application_no",
        "round",
        "resident",
        "applied_at",
        "group",
        "district",
        "device",
        "mobile",
        "card",
        "account",
    ),
    "eligibility": ("resident", "group", "district"),
    "series": (
        "measure",
        "period",
        "industry",
        "district",
        "brand",
        "value",
        "unit",
        "source",
    ),
    "claims": (
        "claim_no",
        "round",
        "resident",
        "claimed_at",
        "application_no",
        "face",
        "expires_at",
    ),
    "redemptions": (
        "transaction_no",
        "kind",
        "claim_no",
        "coupon_no",
        "merchant_no",
        "platform_no",
        "paid_at",
        "order_amount",
        "merchant_discount",
        "subsidy",
        "refund_of",
        "channel",
        *DETAILS,
    ),
}

KINDS = tuple(FIELDS)  # of files that somebody imports

# What a bank answers of a transfer; its profile in configs/banks/ says where each stands.
ANSWERS = "answers"
HOLDS = "holds"  # a list of what is not paid for now
RESULTS = "results"  # what was found at the items of a sample
RELEASES = "releases"  # a list of holds that are let go
# what a platform says of groups of people, and answers of people who used vouchers
CELLS, SURVEY = OF_EFFECTS = ("cells", "survey")
# sums and products of a cell, in the order in which they stand
CELL_SUMS = ("y", "yy", "s", "ss", "sy", "x", "xx", "xy", "xs")
# What is held against what stands here: a platform's bill by transaction or by merchant and day, a
# statement of a merchant or a bank.
BILLS, DAY_BILLS, STATEMENTS = RECONCILED = ("bills", "day_bills", "statements")
# Kinds whose rows are payments and refunds.
WITH_REFUNDS = ("redemptions", BILLS)
IN_YUAN = ("redemptions", *RECONCILED, ANSWERS)  # whose amounts are money
OF_PLATFORMS = FIELDS | {
    BILLS: (
        "transaction_no",
        "kind",
        "merchant_no",
        "paid_at",
        "amount",
        "refund_of",
        "status",
    ),
    DAY_BILLS: ("merchant_no", "paid_on", "amount", "payments"),
    STATEMENTS: ("statement_no", "merchant_no", "paid_on", "amount", "reference"),
    CELLS: ("round", "arm", "arrival", "week", "stratum", "n", *CELL_SUMS),
    SURVEY: (
        *("round", "stratum", "weight", "answers"),
        *("used", "ordinary", "by_voucher", "of_own"),
    ),
}
FIELDS_OF = OF_PLATFORMS | {
    ANSWERS: (
        "transfer_no",
        "status",
        "amount",
        "paid_on",
        "reference",
        "reason_code",
        "reason",
    ),
    HOLDS: ("transaction_no", "merchant_no", "reason", "evidence", "note", "held_on"),
    RESULTS: ("sample", "number", "result", "fault", "right_amount", "note"),
    RELEASES: ("hold_no", "note"),
}

KIND_WORDS = {
    "merchants": Word("merchant registry"),
    "applications": Word("applications file"),
    "eligibility": Word("eligibility list"),
    "series": Word("file of series"),
    "claims": Word("claims file"),
    "redemptions": Word("redemptions file"),
    ANSWERS: Word("file of a bank's answers"),
    HOLDS: Word("list of holds"),
    RESULTS: Word("results of a sample"),
    RELEASES: Word("list of holds to release"),
    CELLS: Word("cells of a platform"),
    SURVEY: Word("answers of a survey"),
    BILLS: Word("settlement bill"),
    DAY_BILLS: Word("settlement bill by merchant and day"),
    STATEMENTS: Word("statement of a merchant or a bank"),
}

# How a cell is cleaned and what can have happened to it; every other field is an id.
TYPES: dict[str, Type] = {
    "name": "name",
    "district": "name",
    "industry": "name",
    "size": "name",
    "designated_size": "name",
    "address": "name",
    "account_name": "name",
    "bank": "name",
    "group": "name",
    "goods": "name",
    "grade": "name",
    "delivered_to": "name",
    "measure": "name",
    "period": "name",
    "brand": "name",
    "unit": "name",
    "source": "name",
    "applied_at": "time",
    "claimed_at": "time",
    "expires_at": "time",
    "paid_at": "time",
    "order_amount": "amount",
    "merchant_discount": "amount",
    "subsidy": "amount",
    "stored_value": "amount",
    "platform_discount": "amount",
    "value": "amount",
    "amount": "amount",
    "paid_on": "time",
    "status": "name",
    "reason": "name",
    "evidence": "name",
    "note": "name",
    "held_on": "time",
    "result": "name",
    "fault": "name",
    "right_amount": "name",
    **dict.fromkeys(("arm", "arrival", "week", "stratum", "n", *CELL_SUMS), "name"),
    **dict.fromkeys(("weight", "answers", "used", "ordinary", "by_voucher", "of_own"), "name"),
}

# A file without a column for one of these is whole all the same; `voucher` files may leave them
# out.
OPTIONAL: dict[str, frozenset[str]] = {
    "merchants": frozenset(FIELDS["merchants"]) - {"merchant_no", "name"},
    "applications": frozenset({"group", "district", "device", "mobile", "card", "account"}),
    "eligibility": frozenset({"district"}),
    "series": frozenset({"industry", "district", "brand", "unit", "source"}),
    "claims": frozenset({"application_no", "face", "expires_at"}),
    "redemptions": frozenset(
        {"platform_no", "refund_of", "channel", "merchant_discount", *DETAILS}
    ),
    ANSWERS: frozenset(FIELDS_OF[ANSWERS]) - {"transfer_no", "status"},
    HOLDS: frozenset(FIELDS_OF[HOLDS]) - {"reason", "evidence"},
    RESULTS: frozenset({"result", "fault", "right_amount", "note"}),
    RELEASES: frozenset({"note"}),
    CELLS: frozenset({"arrival", "stratum", "x", "xx", "xy", "xs"}),
    SURVEY: frozenset({"stratum", "weight", "answers"}),
    BILLS: frozenset({"merchant_no", "refund_of", "status"}),
    DAY_BILLS: frozenset({"payments"}),
    STATEMENTS: frozenset({"reference"}),
}

# A row that leaves one of these blank cannot be used.
FILLED: dict[str, frozenset[str]] = {
    "merchants": frozenset({"merchant_no", "name"}),
    "applications": frozenset({"application_no", "round", "resident", "applied_at"}),
    "eligibility": frozenset({"resident"}),
    "series": frozenset({"measure", "period", "value"}),
    "claims": frozenset({"claim_no", "round", "resident", "claimed_at"}),
    "redemptions": frozenset(
        {
            "transaction_no",
            "kind",
            "claim_no",
            "coupon_no",
            "paid_at",
            "order_amount",
            "subsidy",
        }
    ),
    ANSWERS: frozenset({"transfer_no", "status"}),
    HOLDS: frozenset({"reason", "evidence"}),
    RESULTS: frozenset({"sample", "number"}),
    RELEASES: frozenset({"hold_no"}),
    CELLS: frozenset({"round", "arm", "week", "n", *CELL_SUMS[:5]}),
    SURVEY: frozenset({"round", "used", "ordinary", "by_voucher", "of_own"}),
    BILLS: frozenset({"transaction_no", "kind", "paid_at", "amount"}),
    DAY_BILLS: frozenset({"merchant_no", "paid_on", "amount"}),
    STATEMENTS: frozenset({"statement_no", "merchant_no", "paid_on", "amount"}),
}

# Fields that hold a number of a row, a merchant or its account: they keep it, whatever it looks
# like, unless it is a true identity number.
KEYS: dict[str, tuple[str, ...]] = {
    "merchants": ("merchant_no", "uscc", "phone", "platform_no", "account_no", "bank_no"),
    "applications": ("application_no",),
    "eligibility": (),
    "series": (),
    "claims": ("claim_no", "application_no"),
    "redemptions": (
        "transaction_no",
        "claim_no",
        "merchant_no",
        "platform_no",
        "refund_of",
        "serial",
    ),
    ANSWERS: ("transfer_no", "reference"),
    HOLDS: ("transaction_no", "merchant_no"),
    RESULTS: ("number",),
    RELEASES: ("hold_no",),
    CELLS: ("n", *CELL_SUMS),
    SURVEY: ("weight", "answers", "used", "ordinary", "by_voucher", "of_own"),
    BILLS: ("transaction_no", "merchant_no", "refund_of"),
    DAY_BILLS: ("merchant_no",),
    STATEMENTS: ("statement_no", "merchant_no", "reference"),
}

# Whoever shares one of these with another resident is the same person.
JOINING = ("device", "mobile", "card", "account")

# Texts that are kept of an accepted row and hold no person.
GROUPS = ("group", "district")

# What a field is when the file has no column for it, or leaves it blank; else ''.
ABSENT = {"merchant_discount": "0"}

# Columns that hold a person, by the names they are known by: masked in rejects (but merchants')
# even when no field uses them.
PERSONAL = (
    "resident",
    "resident_id",
    "姓名",
    "真实姓名",
    "领取人",
    "用户姓名",
    "身份证",
    "身份证号",
    "身份证号码",
    "证件号",
    "证件号码",
    "手机",
    "手机号",
    "手机号码",
    "联系电话",
    "用户标识",
    "用户ID",
    "对方账户",
    "对方账号",
    "openid",
    "userid",
    "user_id",
    "mobile",
    "id_card",
    "idcard",
)

# Parts of names of such columns: one that no field uses is masked too, in every kind of file.
PARTS_OF_PERSONAL = ("身份证", "证件号", "手机", "id_card", "idcard")


# Codes that may begin with zeros, which a sheet does not keep in a number.
CODES = frozenset(field for fields in KEYS.values() for field in fields) - {"phone"}


def type_of(field: str) -> Type:
    """How a field's cell is cleaned."""
    return TYPES.get(field, "id")
