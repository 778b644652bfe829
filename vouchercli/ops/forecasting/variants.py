"""What if: other packs, faces, thresholds or modes of a draft, side by side."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops import amounts
from vouchercli.ops.forecasting import arms_shown, figures, past_rounds, settling_days
from vouchercli.ops.reports.compare import Subject, side_by_side
from vouchercli.result import JSON, Column, Figure, Table, Word, say
from vouchercli.rules import money
from vouchercli.rules import rounds as round_law

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.rules.forecasts import Past

MOST = 8  # side by side
NOT_KNOWN = Figure("word", Word("not known"))
TERMS = (
    Column("mode", "granted by", "word"),
    Column("packs", "packs", "int"),
    Column("pack_value_fen", "face of a pack", "fen"),
    Column("floor_spend_fen", "least spending for a pack", "fen"),
    Column("floor", "floor", "ratio"),
    Column("liability_fen", "largest liability", "fen"),
    Column("rests_on", "past rounds it rests on", "int"),
)
# What JSON and people have of each figure: the lowest and the highest.
LOW = {
    "claimed": "packs claimed, from",
    "closing_seconds": "last pack gone, or closed, after at least",
    "peak_per_second": "claims in the busiest second, from",
    "used": "vouchers used, from",
    "subsidy_fen": "subsidy paid, from",
    "most_owed_fen": "most that merchants wait for, from",
}
HIGH = {
    "claimed": "packs claimed, to",
    "closing_seconds": "last pack gone, or closed, after at most",
    "peak_per_second": "claims in the busiest second, to",
    "used": "vouchers used, to",
    "subsidy_fen": "subsidy paid, to",
    "most_owed_fen": "most that merchants wait for, to",
}
BY_ONE_PERCENT = {
    "used": "vouchers used, percent by one percent",
    "base_fen": "order amounts, percent by one percent",
    "own_fen": "own payments, percent by one percent",
}
OUTCOMES = tuple(
    Column(
        f"{each.key.removesuffix('_fen')}_{end}{'_fen' * (each.kind == 'fen')}", label, each.kind
    )
    for each in figures.FIGURES
    for end, label in (("low", LOW[each.key]), ("high", HIGH[each.key]))
)
ELASTICITIES = tuple(
    Column(f"elasticity_{key.removesuffix('_fen')}", label) for key, label in BY_ONE_PERCENT.items()
)
LINES = (*TERMS, *OUTCOMES, *ELASTICITIES)


class WhatIf(NamedTuple):
    """What is asked for: each list is tried against each other; empty: as drafted."""

    packs: Sequence[int] = ()
    faces: Sequence[str] = ()
    thresholds: Sequence[str] = ()
    modes: Sequence[str] = ()

    @property
    def is_asked(self) -> bool:
        """Whether anything is."""
        return any(self)


class Variant(NamedTuple):
    """One of those that stand side by side; a face or a threshold of None is as drafted."""

    packs: int
    face_fen: int | None
    threshold_fen: int | None
    mode: str

    def name(self, drafted: Variant) -> str:
        """What is different of it, as it was asked for: `--packs 1000000 --face 20.00`."""
        asked = (
            ("--packs", self.packs, drafted.packs),
            ("--face", _yuan(self.face_fen), None),
            ("--threshold", _yuan(self.threshold_fen), None),
            ("--mode", self.mode, drafted.mode),
        )
        return " ".join(f"{option} {mine}" for option, mine, plain in asked if mine != plain)


def _yuan(fen: int | None) -> str | None:
    return None if fen is None else f"{fen // 100}.{fen % 100:02d}"


def put_side_by_side(
    current: RoundAtHand, asked: WhatIf, like: Sequence[str], shown: list[dict[str, Any]]
) -> tuple[Table, Table]:
    """The draft and its variants, for people and for programs. Raises `too_many_variants`,
    `several_faces`, `face_over_threshold`, `unknown_mode`, and as `past_rounds.choose`.
    """
    drafted = Variant(current.row["packs"], None, None, current.row["mode"])
    variants = [drafted, *(each for each in _variants(drafted, asked) if each != drafted)]
    subjects = [
        Subject(
            each.name(drafted) or current.code,
            _figures(current, each, like if each.mode == drafted.mode else (), shown),
        )
        for each in variants
    ]
    title = say("What if: {round}", round=current.code)
    notes = (
        say(
            "What a face or a threshold does to claims and use is not known before it was tried;"
            " what draws with two arms have shown stands below."
        ),
        say("Nothing of a what-if is kept."),
    )
    told = [
        {"variant": each.name} | {key: _plain(value) for key, value in each.figures.items()}
        for each in subjects
    ]
    for_people = side_by_side(title, LINES, subjects, notes)
    for_programs = Table(
        title, (Column("variant"), *TERMS, *OUTCOMES), told, where=JSON, key="what_if"
    )
    return for_people, for_programs


def _plain(value: Any) -> Any:
    return None if isinstance(value, Figure) else value


def _variants(drafted: Variant, asked: WhatIf) -> list[Variant]:
    for mode in asked.modes:
        if mode not in round_law.MODES:
            raise UsageFault(
                "unknown_mode",
                "there is no mode {mode}",
                hint="choose one of: {known}",
                mode=mode,
                known=", ".join(round_law.MODES),
            )
    every = [
        Variant(*each)
        for each in product(
            asked.packs or [drafted.packs],
            _amounts("--face", asked.faces),
            _amounts("--threshold", asked.thresholds),
            asked.modes or [drafted.mode],
        )
    ]
    if len(every) > MOST:
        raise UsageFault(
            "too_many_variants",
            "{count} variants are too many to stand side by side: {most} at most",
            hint="give fewer of --packs, --face, --threshold and --mode",
            count=len(every),
            most=MOST,
        )
    return every


def _amounts(option: str, given: Sequence[str]) -> list[int] | list[None]:
    return [amounts.read_yuan(option, each, least_fen=1) for each in given] or [None]


def _figures(
    current: RoundAtHand, variant: Variant, like: Sequence[str], shown: list[dict[str, Any]]
) -> dict[str, Any]:
    value_fen, floor_fen = _pack(current, variant)
    found: dict[str, Any] = {
        "mode": Word(variant.mode),
        "packs": variant.packs,
        "pack_value_fen": value_fen,
        "floor_spend_fen": floor_fen,
        "floor": money.ratio(floor_fen, value_fen, 2),
        "liability_fen": variant.packs * value_fen,
    }
    is_other_pack = variant.face_fen is not None or variant.threshold_fen is not None
    found |= dict.fromkeys((each.key for each in OUTCOMES), NOT_KNOWN)
    past = [] if is_other_pack else past_rounds.choose(current, variant.mode, like)
    found["rests_on"] = len(past)
    if past:
        found |= _outcomes(current, variant, [each.past for each in past], value_fen)
    return found | _elasticities(variant, shown)


def _outcomes(
    current: RoundAtHand, variant: Variant, past: Sequence[Past], value_fen: int
) -> dict[str, Any]:
    ahead = past_rounds.place_of(current, past, variant.mode, variant.packs, value_fen)
    said = figures.ranges(past, ahead, settling_days.of_round(current))
    keys = iter(OUTCOMES)
    found: dict[str, Any] = {}
    for figure in figures.FIGURES:
        low, high = next(keys), next(keys)
        known = said.get(figure.key)
        found |= {low.key: known.low, high.key: known.high} if known else {}
    return found


def _elasticities(variant: Variant, shown: list[dict[str, Any]]) -> dict[str, Any]:
    """What the last draw that varied the same has shown; of a variant with the drafted pack there
    is nothing to say.
    """
    if variant.face_fen is None and variant.threshold_fen is None:
        return dict.fromkeys(each.key for each in ELASTICITIES)
    varied = (
        arms_shown.BOTH
        if variant.face_fen is not None and variant.threshold_fen is not None
        else arms_shown.FACE
        if variant.face_fen is not None
        else arms_shown.THRESHOLD
    )
    known = {
        row["outcome"]: f"{row['elasticity']} ({row['low']} – {row['high']})"
        for row in shown
        if row["varied"] == varied and row["elasticity"] is not None
    }
    return {
        column.key: known.get(outcome, NOT_KNOWN)
        for column, outcome in zip(ELASTICITIES, BY_ONE_PERCENT, strict=True)
    }


def _pack(current: RoundAtHand, variant: Variant) -> tuple[int, int]:
    """(face, least spending) of one pack of the variant, in fen."""
    coupons = current.template.coupons
    pairs = {(each.denomination_fen, each.threshold_fen) for each in coupons}
    if variant.face_fen is None and variant.threshold_fen is None:
        return current.row["pack_value_fen"], sum(each.threshold_fen for each in coupons)
    if len(pairs) > 1 or any(each.kind != "amount_off" for each in coupons):
        raise VoucherError(
            "several_faces",
            "the pack of {round} has coupons of several kinds: no one face or threshold stands for"
            " them",
            hint="voucher round copy {round} NEW --template CODE --opens-at TIME, then rehearse"
            " that",
            round=current.code,
        )
    ((face_fen, threshold_fen),) = pairs
    face_fen = face_fen if variant.face_fen is None else variant.face_fen
    threshold_fen = threshold_fen if variant.threshold_fen is None else variant.threshold_fen
    if face_fen > threshold_fen:
        raise VoucherError(
            "face_over_threshold",
            "a face of {face} yuan is more than the threshold of {threshold} yuan",
            hint="give a smaller --face or a larger --threshold",
            face=money.grouped(face_fen),
            threshold=money.grouped(threshold_fen),
        )
    return face_fen * len(coupons), threshold_fen * len(coupons)
