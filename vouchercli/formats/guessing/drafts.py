"""A guessed profile as YAML commented in English and Chinese: what was read, why, and what people
must look at.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from vouchercli import identities
from vouchercli.formats.configs.fields import FIELDS, OPTIONAL, PERSONAL, type_of
from vouchercli.formats.guessing.columns import MOST
from vouchercli.formats.guessing.names import our_words
from vouchercli.formats.guessing.values import PAYMENT, REFUND, is_person
from vouchercli.formats.tables.cells import column_key, column_keys, id_text
from vouchercli.formats.written import yaml_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchercli.formats.guessing.columns import Guess, Mapping
    from vouchercli.formats.guessing.layouts import Table
    from vouchercli.formats.guessing.values import Look

BY_NAME = "its name · 据列名"
BY_VALUES = "its values alone: look at it · 仅据内容，请核对"
MINUS = "a minus before the amount: a refund · 金额带负号即退款"
ALL_PAY = "no column says payment or refund: are all payments? · 未区分支付与退款：全部为支付？"
APART = "no number: these tell the first rows apart · 无编号：前若干行可由这些列区分"
SHARED = "two shops share them · 有两家商户相同"
LONGEST = 16  # characters of a value in a comment
IDENTITIES = ("resident", "device", "mobile", "card", "account")
KEYS_OF_A_SHOP = ("address", "phone")  # what tells shops of one name apart


class Reading(NamedTuple):
    """What was read of a file before its columns: `settings` are keys of the profile with a comment
    each; an undecided one is written as a comment.
    """

    file: str
    platform: str
    settings: tuple[Setting, ...]


class Setting(NamedTuple):
    """A key of a profile, its value, and why; `is_sure`: it is in force, else it only stands there
    to be looked at.
    """

    key: str
    value: object
    why: str
    is_sure: bool = True


def draft(read: Reading, table: Table, looks: Sequence[Look], guessed: Mapping) -> str:
    """The YAML text. Where nothing is lacking it is a whole profile."""
    lines = [
        f"# Guessed from {read.file}: compare every line with the file, then try it:",
        f"# 由 {read.file} 推测而来：请逐行与文件核对，然后试读：",
        f"#   voucher profile try {read.file} --profile THIS-FILE",
        "# A line after a hash sign is not in force. How profiles are written:"
        " voucher profile export voucher",
        "# 井号后的内容不起作用。格式文件的写法：voucher profile export voucher",
        f"profile: {read.platform}",
        f"kind: {guessed.kind}",
        _pair("name", {"zh": read.platform, "en": read.platform}),
        *(_setting(each) for each in read.settings),
        *_under("columns:", [*_columns(table, looks, guessed)]),
        *_around(table, looks, guessed),
        *_left(table, looks, guessed),
    ]
    return "\n".join(lines) + "\n"


def _under(key: str, lines: list[str]) -> list[str]:
    """A key and what stands under it; where all of that is left to people, it is empty."""
    is_empty = all(line.lstrip().startswith("#") for line in lines)
    return [
        f"{key} {{}}  # write under it, and take {{}} away · 写在下面，并删去 {{}}"
        if is_empty
        else key,
        *lines,
    ]


def _pair(key: str, value: object, comment: str = "") -> str:
    text = f"{key}: {yaml_texts.in_one_line(value)}"
    return f"{text}  # {comment}" if comment else text


def _setting(each: Setting) -> str:
    return ("" if each.is_sure else "# ") + _pair(each.key, each.value, each.why)


def _columns(table: Table, looks: Sequence[Look], guessed: Mapping) -> Iterator[str]:
    by_field = {guess.field: guess for guess in guessed.guesses}
    for field in FIELDS[guessed.kind]:
        if field in by_field:
            guess = by_field[field]
            look = looks[guess.place]
            why = BY_NAME if guess.by_name else BY_VALUES
            shown = _values(field, _name(table, guess), look)
            yield "  " + _pair(field, _source(table, looks, guess, guessed.kind), f"{why}. {shown}")
        elif field == "kind" and guessed.kind == "redemptions":
            yield "  " + _kind_of_rows(table, looks, guessed)
        elif field == "coupon_no":
            yield "  " + _pair(
                field,
                {"value": "1"},
                "no column says it: one coupon a pack? · 文件未列：一份一张？",
            )
        elif field in guessed.lacking and not _is_keyed(guessed, field):
            yield (
                f"  # {field}: ?  every row needs it: name its column, or write {{value: ...}}"
                " · 每行必填：写明其列，或写 {value: ...}"
            )


def _source(table: Table, looks: Sequence[Look], guess: Guess, kind: str) -> object:
    """Where the field is read from, as a profile says it."""
    column, look = _column(table, guess.place), looks[guess.place]
    clock = _clock_beside(looks, guess)
    if clock is not None:
        return {"join": [column, _column(table, clock)]}
    if guess.field != "kind":
        known = our_words(kind, guess.field)
        words = {word: known[word] for word in look.words if word in known}
        return {"column": column, "words": words} if words else column
    refunds = [word for word in look.words if REFUND.search(word)]
    payments = [word for word in look.words if word not in refunds and PAYMENT.search(word)]
    return {"column": column, **_one_of("pay", payments), **_one_of("refund", refunds)}


def _column(table: Table, place: int) -> object:
    return table.header[place] if table.header else place + 1  # by their numbers, from 1


def _clock_beside(looks: Sequence[Look], guess: Guess) -> int | None:
    """The column of times of day that belongs to a column of dates."""
    if type_of(guess.field) != "time" or looks[guess.place].with_clock:
        return None
    clocks = [place for place, look in enumerate(looks) if look.clocks >= MOST]
    return min(clocks, key=lambda place: abs(place - guess.place), default=None)


def _one_of(key: str, words: Sequence[str]) -> dict[str, str]:
    return {key: f"^({'|'.join(map(re.escape, words))})$"} if words else {}


def _kind_of_rows(table: Table, looks: Sequence[Look], guessed: Mapping) -> str:
    place = guessed.place("order_amount")
    if place is not None and looks[place].negative and table.header:
        return _pair("kind", {"sign": table.header[place]}, MINUS)
    return _pair("kind", {"value": "pay"}, ALL_PAY)


def _is_keyed(guessed: Mapping, field: str) -> bool:
    """Whether the registry has no numbers, and its shops are known by other columns."""
    return (
        guessed.kind == "merchants" and field == "merchant_no" and guessed.place("name") is not None
    )


def _around(table: Table, looks: Sequence[Look], guessed: Mapping) -> Iterator[str]:
    if _is_keyed(guessed, "merchant_no") and "merchant_no" in guessed.lacking:
        key, is_unique = _key_of_shops(table, looks, guessed)
        yield _pair("key", key, APART if is_unique else SHARED)
    if table.footer:
        like = "^" + re.escape(re.sub(r"[\d\W]+$", "", id_text(table.footer)) or table.footer)
        yield _pair("footer", {"like": like}, "the last lines begin so · 表尾以此开头")
    amounts = [
        place
        for guess in guessed.guesses
        if type_of(guess.field) == "amount"
        for place in [guess.place]
    ]
    if amounts and any(looks[place].negative for place in amounts):
        yield _pair("refunds", "negative", "amounts of refunds have a minus · 退款金额带负号")
    if amounts and all(looks[place].whole == 1 for place in amounts):
        yield "# " + _pair(
            "unit", "fen", "all amounts are whole: are they fen? · 金额均为整数：单位是分？"
        )


def _key_of_shops(table: Table, looks: Sequence[Look], guessed: Mapping) -> tuple[list[str], bool]:
    """The name, and as many other columns as it takes to tell the shops of the first rows apart;
    whether it does.
    """
    fields = {guess.place: guess.field for guess in guessed.guesses}
    known = [place for field in KEYS_OF_A_SHOP if (place := guessed.place(field)) is not None]
    others = sorted(
        (place for place, look in enumerate(looks) if place not in fields and look.filled == 1),
        key=lambda place: -looks[place].unique,
    )
    named = guessed.place("name")
    assert named is not None
    key = [named, *known[:1]]  # shops of a chain share a name
    for place in (*known[1:], *others, None):
        rows = [tuple(row[at] for at in key) for row in table.rows]
        is_unique = len({*rows}) == len(rows)
        if is_unique or place is None:
            break
        key.append(place)
    return [fields.get(at) or str(_column(table, at)) for at in key], is_unique


def _left(table: Table, looks: Sequence[Look], guessed: Mapping) -> Iterator[str]:
    used = {guess.place for guess in guessed.guesses}
    names = table.header or _places(looks)
    # without values: people's names look like any other text
    free = [name for place, name in enumerate(names) if place not in used and name]
    if free:
        yield "# Columns that no field uses · 未使用的列: " + ", ".join(free)
    absent = [
        field
        for field in FIELDS[guessed.kind]
        if field in OPTIONAL[guessed.kind] and guessed.place(field) is None
    ]
    if absent:
        yield f"# Fields that may be left out, and are · 可不写且未写的字段: {', '.join(absent)}"


def _places(looks: Sequence[Look]) -> tuple[str, ...]:
    return tuple(f"column {place}" for place in range(1, len(looks) + 1))


def _name(table: Table, guess: Guess) -> str:
    return table.header[guess.place] if table.header else ""


def _values(field: str, name: str, look: Look) -> str:
    """Some values of a column; of a column with people, and of what looks like a person or a card,
    only how long they are.
    """
    if not look.sample:
        return "blank · 空白"
    is_personal = field in IDENTITIES or column_key(name) in column_keys(PERSONAL)
    shown = [
        f"{len(text)} characters · {len(text)} 个字符"
        if is_personal or is_person(text) or identities.find(text)
        else text[:LONGEST].replace("\n", " ")
        for text in look.sample
    ]
    return "Values · 值: " + ", ".join(dict.fromkeys(shown))
