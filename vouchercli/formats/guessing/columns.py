"""Which column is which of our fields, and which kind of file it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.formats.configs.fields import FIELDS, FILLED, OPTIONAL, type_of
from vouchercli.formats.guessing import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchercli.formats.guessing.values import Look

MOST = 0.8  # of the values of a column: all but the odd damaged one
SOME = 0.3  # where the name says it: many are damaged, or written in several forms
LEAST, LEAST_BARE = 2.0, 1.0  # below this nothing is said; without a header
# of a payment, where nothing else is said: a payment, of a pack of one coupon
SUPPOSED = ("kind", "coupon_no")
LACKED, STRANGE = 6, 30  # what speaks against a kind of file


class Guess(NamedTuple):
    """A field, the place of its column, how much speaks for it, and whether it was the name that
    did (else the values alone).
    """

    field: str
    place: int
    weight: float
    by_name: bool


class Mapping(NamedTuple):
    """The guesses for one kind of file, and the fields that every row needs and nothing was found
    for.
    """

    kind: str
    guesses: tuple[Guess, ...]
    lacking: tuple[str, ...]

    def place(self, field: str) -> int | None:
        """The column of a field."""
        return next((guess.place for guess in self.guesses if guess.field == field), None)


def best_mapping(header: Sequence[str], looks: Sequence[Look], kinds: Sequence[str]) -> Mapping:
    """The mapping of the kind of file that the columns speak for most."""
    return max(
        (mapping(header, looks, kind) for kind in kinds), key=lambda each: _worth(each, looks)
    )


def _worth(guessed: Mapping, looks: Sequence[Look]) -> float:
    """What speaks for a kind of file: the columns that were recognised, less those that are
    lacking; files of payments have moments and amounts, files of people moments, registries
    neither.
    """
    has_clock = any(look.with_clock >= MOST for look in looks)
    has_date = any(look.moments >= MOST for look in looks)
    has_amount = any(look.decimals >= MOST for look in looks)
    fitting = (
        ("redemptions",)
        if has_date and has_amount
        else ("claims", "applications", "redemptions")
        if has_clock
        else (guessed.kind,)
    )
    named = sum(guess.weight for guess in guessed.guesses)
    return named - LACKED * len(guessed.lacking) - (0 if guessed.kind in fitting else STRANGE)


def mapping(header: Sequence[str], looks: Sequence[Look], kind: str) -> Mapping:
    """Each field's column, the clearest first; a column is given once."""
    least = LEAST if header else LEAST_BARE
    guesses = sorted(
        (guess for guess in _weighed(header, looks, kind) if guess.weight >= least),
        key=lambda guess: -guess.weight,
    )
    chosen: dict[str, Guess] = {}
    used: set[int] = set()
    for guess in guesses:
        if guess.field not in chosen and guess.place not in used:
            chosen[guess.field] = guess
            used.add(guess.place)
    has_merchant = "platform_no" in chosen or "merchant_no" in chosen
    lacking = tuple(
        field
        for field in FIELDS[kind]
        if field not in OPTIONAL[kind]
        and field not in chosen
        and field not in SUPPOSED
        and not (kind == "redemptions" and field == "merchant_no" and has_merchant)
    )
    ordered = tuple(chosen[field] for field in FIELDS[kind] if field in chosen)
    return Mapping(kind, ordered, lacking)


def _weighed(header: Sequence[str], looks: Sequence[Look], kind: str) -> Iterator[Guess]:
    for field in FIELDS[kind]:
        for place, look in enumerate(looks):
            by_name = names.weight(kind, field, header[place]) if header else 0.0
            share = SOME if by_name >= names.EXACT - 1 else MOST
            if not _may_be(kind, field, look, share):
                continue
            weight = by_name + _by_values(kind, field, look, is_bare=not header)
            yield Guess(field, place, weight, by_name > 0)


def _may_be(kind: str, field: str, look: Look, share: float) -> bool:
    """Whether the values allow it: `share` of them are times, or amounts, where that is asked."""
    if not look.filled:
        return field not in FILLED[kind]
    shape = type_of(field)
    if shape in ("time", "amount"):
        return (look.moments if shape == "time" else look.amounts) >= share
    if field == "kind" and kind == "redemptions":
        return look.is_kind
    if shape == "name":
        return look.moments < MOST
    return look.with_clock < MOST


def _by_values(kind: str, field: str, look: Look, *, is_bare: bool) -> float:
    """How much the values alone speak for a field; more of them where there is no header."""
    is_own = look.unique == look.filled == 1 and look.people < MOST and look.moments < MOST
    speaks = {
        "time": 2.0 if look.with_clock >= MOST else 1.0,
        "resident": 3.0 * (look.people >= MOST),
        "uscc": 5.0 * (look.unified >= MOST),
        "kind": 3.0 * (kind == "redemptions"),
        **dict.fromkeys(NUMBERS, 1.0 * is_own),
    }
    if is_bare:
        speaks |= {
            "name": 2.0 * look.worded * look.unique,
            "amount": 1.0 * (look.decimals >= MOST),
        }
    return speaks.get(field, speaks.get(type_of(field), 0.0) if type_of(field) in SHAPES else 0.0)


NUMBERS = ("transaction_no", "claim_no", "application_no", "merchant_no")
SHAPES = ("time", "amount")
