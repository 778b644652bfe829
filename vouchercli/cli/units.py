"""The units in which people read amounts, and the one that a report was asked for in."""

from __future__ import annotations

from typing import NamedTuple

from vouchercli.cli.language import READ, join_brackets, language, t
from vouchercli.errors import UsageFault
from vouchercli.result import Amount
from vouchercli.rules import money


class Unit(NamedTuple):
    """How amounts are shown: in units of `fen`, with `digits` decimals. `key` ends the name of a
    column of CSV.
    """

    fen: int
    digits: int
    name: str
    key: str = ""

    def scaled(self, amount_fen: int) -> int:
        """The amount in the last place that is shown, rounded half up."""
        return money.half_up(amount_fen * 10**self.digits, self.fen)

    def amount_text(self, amount_fen: int) -> str:
        """The amount, grouped by thousands, rounded half up."""
        return money.grouped(self.scaled(amount_fen), self.digits)

    def rounded(self, values: list[int | None], total: int | None) -> list[int | None]:
        """Amounts as fen that are whole in the last place shown: each is rounded, and where they
        add up to their total, so do the rounded ones (rules.money.apportion).
        """
        if self.fen == 10**self.digits:
            return values
        amounts = [each for each in values if each is not None]
        step = self.fen, 10**self.digits
        if total is not None and sum(amounts) == total:
            parts = money.apportion(amounts, *step)
        else:
            parts = [self.scaled(each) for each in amounts]
        left = iter(parts)
        return [None if each is None else next(left) * step[0] // step[1] for each in values]


# From exact to coarse; a Chinese reader counts in ten thousands, an English one in thousands and
# millions.
EXACT = Unit(100, 2, "yuan", "yuan")
UNITS = {
    "zh": (
        EXACT,
        Unit(100, 0, "yuan, rounded"),
        Unit(1_000_000, 2, "10,000 yuan, rounded"),
        Unit(1_000_000, 0, "10,000 yuan, rounded"),
    ),
    "en": (
        EXACT,
        Unit(100, 0, "yuan, rounded"),
        Unit(100_000, 0, "thousand yuan, rounded"),
        Unit(100_000_000, 2, "million yuan, rounded"),
    ),
}
WAN = Unit(1_000_000, 2, "10,000 yuan", "wan")
YI = Unit(10_000_000_000, 2, "100 million yuan", "yi")
MILLION = Unit(100_000_000, 2, "million yuan", "million")
ASKED = {
    "yuan": EXACT,
    "wan": WAN,
    "yi": YI,
    "million": MILLION,
    "元": EXACT,
    "万元": WAN,
    "亿元": YI,
}
_asked: list[Unit | None] = [None]  # of one command line, as the language


def ask(name: str | None) -> None:
    """Keep the unit that a report is to be in (None: whichever fits). Raises unknown_unit."""
    if name is not None and name not in ASKED:
        raise UsageFault(
            "unknown_unit",
            "there is no unit {unit}",
            hint="choose one of: {known}",
            where="--unit",
            unit=name,
            known=", ".join(ASKED),
        )
    _asked[0] = None if name is None else ASKED[name]


def asked() -> Unit | None:
    """The unit that was asked for."""
    return _asked[0]


def with_unit(heading: str, unit: Unit) -> str:
    """The heading of a column of amounts: 财政补贴（万元）, 拉动消费（交易额，万元）."""
    return join_brackets(t("{heading} ({unit})", {"heading": heading, "unit": t(unit.name)}))


def in_prose(amount_fen: int) -> str:
    """An amount inside a sentence, before the word yuan: 1.5 亿, 3,421.5 万, 94.1 million; small
    ones, and all that were asked for in yuan, exact.
    """
    unit = asked() or next(
        (each for each in PROSE[language()] if abs(amount_fen) >= each.fen), EXACT
    )
    if unit is EXACT:
        return money.grouped(amount_fen) + (" " if language() == "zh" else "")
    text = unit.amount_text(amount_fen)
    return f"{text.rstrip('0').rstrip('.')} {t(unit.name).removesuffix('元').removesuffix(' yuan')}"


PROSE = {"zh": (YI, WAN), "en": (MILLION,)}
READ[Amount] = in_prose
