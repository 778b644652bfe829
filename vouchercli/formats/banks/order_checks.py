"""What a payment file can hold. A text that is too long is refused, never cut; every fault of an
order is known before a byte of it is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.result import Problem, Word
from vouchercli.transfers import Written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vouchercli.transfers import PaymentOrder

# what XML 1.0 cannot hold, what makes two lines of one, and what a reader does not see
UNFIT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
BANK_NO = re.compile(r"[0-9]{12}")
MOST_SHOWN = 20  # faults that are told one by one
MOST_FEN = 10**15  # of a transfer: what every form can hold
NEEDED = ("transfer_no", "name", "account_no", "bank")
WORDS = {
    "order_no": Word("number of the order"),
    "payer_name": Word("name of the payer"),
    "payer_account_no": Word("account of the payer"),
    "payer_bank": Word("bank of the payer"),
    "payer_bank_no": Word("bank number of the payer"),
    "transfer_no": Word("number of the transfer"),
    "name": Word("name of the payee"),
    "account_no": Word("account of the payee"),
    "bank": Word("bank of the payee"),
    "bank_no": Word("bank number of the payee"),
    "purpose": Word("purpose"),
}


class Limit(NamedTuple):
    """How long a text may be at most, in characters, or in bytes of an encoding (0: any length);
    the encoding must be able to write it.
    """

    characters: int = 0
    octets: int = 0
    encoding: str = "utf-8"


ANY = Limit()


@dataclass(frozen=True)
class Limits:
    """What one form of payment file can hold. `rows`: 0 for any number."""

    texts: Mapping[str, Limit]
    rows: int = 0
    needed: tuple[str, ...] = NEEDED
    default: Limit = ANY

    def of(self, field: str) -> Limit:
        """The limit of a field."""
        return self.texts.get(field, self.default)


def check(order: PaymentOrder, limits: Limits) -> Written:
    """Count and sum of the order. Raises `VoucherError`: bad_payment_order with its faults (the
    first twenty), too_many_transfers.
    """
    if iter(order.transfers) is order.transfers:
        raise TypeError("the transfers of an order are gone through more than once")
    faults = [*_faults_of_order(order, limits)]
    bad, count, sum_fen = len(faults), 0, 0
    seen: set[str] = set()
    for transfer in order.transfers:
        count += 1
        sum_fen += transfer.amount_fen
        found = [*_faults(transfer._asdict(), transfer.transfer_no, limits)]
        if transfer.transfer_no in seen:
            found.append(
                _fault("{transfer_no}: it stands in this order twice", transfer.transfer_no)
            )
        seen.add(transfer.transfer_no)
        bad += bool(found)
        faults += found[: max(0, MOST_SHOWN - len(faults))]
    if not count:
        faults.append(_fault("{transfer_no}: it has no transfers", order.order_no))
        bad += 1
    if bad:
        raise VoucherError(
            "bad_payment_order",
            "order {order_no}: {count} fault(s); no payment file was written",
            hint="correct them where they come from (registry, programme), then export again",
            problems=faults,
            order_no=order.order_no,
            count=bad,
        )
    if limits.rows and count > limits.rows:
        raise VoucherError(
            "too_many_transfers",
            "order {order_no} has {count:,} transfers, and the bank takes {most:,} in one file; no"
            " payment file was written",
            hint="export in smaller parts",
            order_no=order.order_no,
            count=count,
            most=limits.rows,
        )
    return Written(count, sum_fen)


def _faults_of_order(order: PaymentOrder, limits: Limits) -> Iterator[Problem]:
    payer = {f"payer_{name}": value for name, value in order.payer._asdict().items()}
    texts = {"order_no": order.order_no, **payer}
    yield from _text_faults(texts, order.order_no, limits)
    for name in ("order_no", "payer_name", "payer_account_no"):
        if not texts[name].strip():
            yield _missing(order.order_no, name)


def _faults(values: dict[str, object], number: str, limits: Limits) -> Iterator[Problem]:
    amount_fen = values.pop("amount_fen")
    if not isinstance(amount_fen, int) or not 0 < amount_fen < MOST_FEN:
        yield _fault("{transfer_no}: its amount must be more than 0", number)
    texts = {name: str(value) for name, value in values.items()}
    for name in limits.needed:
        if not texts[name].strip():
            yield _missing(number, name)
    yield from _text_faults(texts, number, limits)


def _text_faults(texts: Mapping[str, str], number: str, limits: Limits) -> Iterator[Problem]:
    for name, text in texts.items():
        limit, word = limits.of(name), WORDS[name]
        if unfit := UNFIT.search(text):
            yield _unfit(number, word, unfit[0])
            continue
        if text != text.strip():
            yield _fault(
                "{transfer_no}: {field}: it begins or ends with a blank", number, field=word
            )
        if name.endswith("bank_no") and text and not BANK_NO.fullmatch(text):
            yield _fault("{transfer_no}: {field}: it must be 12 digits", number, field=word)
        if limit.characters and len(text) > limit.characters:
            yield _fault(
                "{transfer_no}: {field}: it has {length} characters, {most} are allowed; nothing is"
                " cut",
                number,
                field=word,
                length=len(text),
                most=limit.characters,
            )
        yield from _octet_faults(text, number, word, limit)


def _octet_faults(text: str, number: str, word: Word, limit: Limit) -> Iterator[Problem]:
    try:
        octets = len(text.encode(limit.encoding))
    except UnicodeEncodeError as error:
        yield _unfit(number, word, text[error.start])
        return
    if limit.octets and octets > limit.octets:
        yield _fault(
            "{transfer_no}: {field}: it has {length} bytes, {most} are allowed; nothing is cut",
            number,
            field=word,
            length=octets,
            most=limit.octets,
        )


def _unfit(number: str, word: Word, character: str) -> Problem:
    return _fault(
        "{transfer_no}: {field}: character {code} cannot be written",
        number,
        field=word,
        code=f"U+{ord(character):04X}",
    )


def _missing(number: str, name: str) -> Problem:
    return _fault("{transfer_no}: {field}: it is missing", number, field=WORDS[name])


def _fault(text: str, number: str, **params: object) -> Problem:
    """A fault of a transfer, or of the order, by its number."""
    return Problem("bad_transfer", text, params={"transfer_no": number, **params})
