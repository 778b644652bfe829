"""The program and the law read a second time (`plain_law`) agree on random programmes, by rows, by
columns and in chunks: every reason, and every sum of every round.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import plain_law
import plain_worlds
import pytest
import towns
from plain_worlds import MERCHANTS, SUSPENDED, File, World

from vouchercli.ops.intake import by_columns, chunks
from vouchercli.ops.lottery import draws as ops
from vouchercli.rules import coupons, programmes, scope, templates, written_scope
from vouchercli.rules.claims import CLAIMS, CLAIMS_IN_TIME
from vouchercli.rules.redemptions import PAYMENTS
from vouchercli.rules.vouchers import TIMELINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

    Voucher = Callable[..., Ran]

LADDERS = (CLAIMS, CLAIMS_IN_TIME, PAYMENTS, TIMELINE)
SEEDS = range(4)
MORE = range(4, 34)
# Which of two reasons a row is refused for may hang on where its file is cut: a limit that many share
# is asked at the end of the file once more, beside all of it.
EITHER = {("transaction_reused", "over_use_limit")}
LARGE = (5, 20, 25)  # over limits of use of residents and of merchants, and pieces of a class
SUMS = ("redemptions", "base_fen", "subsidy_fen", "platform_fen", "match_fen", "own_fen")
DRAWN_AT = "2020-03-26 20:00"
session = partial(towns.session, Path("voucher.db"), "mei", towns.at("2020-03-20 09:00"))


def found_town(voucher: Voucher, world: World) -> None:
    """The programme, its rounds and merchants, by commands."""
    registry = "merchant_no,name,district,industry,size\n" + "".join(
        ",".join(each.values()) + "\n" for each in MERCHANTS
    )
    templates = {each["template"]: each for each in world.templates}
    towns.build(voucher, world.programme, *templates.values(), merchants=registry)
    for number, (first, last) in SUSPENDED.items():
        voucher("merchant", "suspend", number, "--from", f"{first}", "--reason", "cash-out")
        voucher("merchant", "reinstate", number, "--from", f"{last}")
    if any(each.family for each in world.rounds):
        found_family(voucher, world)
    for each in world.rounds:
        if not each.family:
            create(voucher, each)
    if world.applicants:
        draw_lots(voucher, world)
    opening = sorted({(each.opens_at, each.family or each.code) for each in world.rounds})
    for at, code in opening:
        voucher("round", "open", code, "--now", f"{at}")


def create(voucher: Voucher, each: plain_worlds.Round) -> None:
    """One approved round."""
    options = ["--per-resident", str(each.per_resident)] if each.winners is None else []
    options += ["--platform", each.platform] if each.platform and each.code != "l2" else []
    if each.winners is not None:
        lottery = ("--mode", "lottery", "--drawn", "here")
        options += ["--arm-of", "l1"] if each.code == "l2" else lottery
    towns.make_round(
        voucher,
        each.code,
        *options,
        template=each.template["template"],
        packs=each.packs,
        opens=f"{each.opens_at:%Y-%m-%d %H:%M}",
        closes=f"{each.closes_at:%Y-%m-%d %H:%M}",
    )


def found_family(voucher: Voucher, world: World) -> None:
    """The family f, approved."""
    rounds = [each for each in world.rounds if each.family]
    platforms = dict.fromkeys(each.platform for each in rounds)
    faces = Counter({each.face: 0 for each in rounds})
    for each in rounds:
        faces[each.face] += each.packs
    words = ["--template", "face", "--opens-at", f"{rounds[0].opens_at:%Y-%m-%d %H:%M}"]
    words += [
        "--closes-at",
        f"{rounds[0].closes_at:%Y-%m-%d %H:%M}",
        "--per-resident",
        "3",
        "--actor",
        "mei",
    ]
    words += ["--faces", ",".join(f"{face}:{packs}" for face, packs in faces.items())]
    share = 100 // len(platforms)
    one = next(iter(platforms))
    words += [
        "--platform",
        one if len(platforms) == 1 else ",".join(f"{name}:{share}%" for name in platforms),
    ]
    words += [] if rounds[0].is_one_of else ["--each"]
    voucher("round", "create", "f", *words)
    voucher("round", "submit", "f", "--actor", "mei")
    voucher("round", "approve", "f", "--actor", "lin")


def draw_lots(voucher: Voucher, world: World) -> None:
    """Registered, and drawn here for the platform."""
    with session() as each:
        closes = towns.at("2020-03-25 20:00")
        ops.commit_seed(each, "l1", seed=bytes(range(32)), registration_closes_at=closes)
    rows = [f"{no},l1,{who},2020-03-21 08:00\n" for no, who in world.applicants.items()]
    header = "application_no,round,resident,applied_at\n"
    path = towns.write("applications.csv", header + "".join(rows))
    voucher("application", "import", path, "--now", "2020-03-22 08:00")
    voucher("draw", "run", "l1", "--now", DRAWN_AT)


def winners(world: World) -> dict[str, set[str]]:
    """Who won in each round, as the program drew it (tests/test_draw_rules.py judges the draw)."""
    found: dict[str, set[str]] = {"l1": set(), "l2": set()}
    for code, number in towns.ask(
        ".",
        "SELECT r.round, a.application_no FROM winners w JOIN rounds r USING (round_id)"
        " JOIN applications a USING (application_id)",
    ):
        found[code].add(world.applicants[number])
    return found


def laid_down(number: int, file: File) -> tuple[str, ...]:
    """The command that takes a file in, which stands in this folder now."""
    path = Path(f"{number}-{file.kind}.csv")
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, [*file.rows[0]])
        writer.writeheader()
        writer.writerows(file.rows)
    noun = "claim" if file.kind == "claims" else "redemption"
    words = ("--platform", file.platform) if file.platform else ()
    return (noun, "import", *words, str(path))


def take(voucher: Voucher, number: int, file: File) -> list[str | None]:
    """What the program says of each row of a file."""
    ran = voucher(*laid_down(number, file), "-o", "json", expect=None)
    assert ran.code in (0, 4), ran.err
    rejects = towns.ask(
        ".", "SELECT line, reason FROM rejects WHERE batch_id = ?", ran.data["batch"]
    )
    by_line = dict(rejects)
    return [by_line.get(line) for line in range(2, len(file.rows) + 2)]


def sums(voucher: Voucher) -> dict[str, dict[str, int]]:
    rows = voucher("report", "leverage", "--by", "round", "-o", "json").data["rows"]
    return {each["key"]: {name: each[name] for name in SUMS} for each in rows}


@pytest.mark.parametrize("by", ["rows", "columns", "chunks"])
@pytest.mark.parametrize(
    ("seed", "size"),
    [
        *((seed, 1) for seed in SEEDS),
        *(pytest.param(seed, 1, marks=pytest.mark.slow) for seed in MORE),
        *(pytest.param(seed, 20, marks=pytest.mark.slow) for seed in LARGE),
    ],
)
def test_every_row_of_a_random_programme_is_ruled_as_the_plain_law_rules_it(
    voucher: Voucher, monkeypatch: pytest.MonkeyPatch, seed: int, size: int, by: str
) -> None:
    monkeypatch.setattr(by_columns, "BYTES", 1 << 40 if by == "rows" else 0)
    monkeypatch.setattr(chunks, "LINES", 5 * size if by == "chunks" else chunks.LINES)
    found_town(voucher, plain_worlds.draw(seed, size=size))
    world = plain_worlds.draw(seed, winners, size)
    for number, file in enumerate(world.files):
        if file.rows:
            said = take(voucher, number, file)
            wrong = [
                (row, right, each)
                for row, right, each in zip(file.rows, file.right, said, strict=True)
                if right != each and (by != "chunks" or (right, each) not in EITHER)
            ]
            assert not wrong, json.dumps(wrong, ensure_ascii=False, indent=1)
    right = {code: {name: each[name] for name in SUMS} for code, each in world.town.sums.items()}
    found = sums(voucher)
    nothing = dict.fromkeys(SUMS, 0)
    for code in {*found, *right}:
        assert found.get(code, nothing) == right.get(code, nothing), code
    voucher("check", "--all")


# ---------------------------------------------------------------- that the worlds try what they should

KEYS = {
    "limits": [
        "vouchers_per_merchant_per_day",
        "packs_per_resident_per_day",
        "packs_per_resident_per_week",
        "packs_per_resident_per_month",
        "packs_per_resident",
        "one_of",
        "face_per_resident",
        "next_claim",
        "again_after_expiry",
        "vouchers_per_resident",
        "vouchers_per_merchant",
        "subsidy_per_resident",
        "subsidy_per_merchant",
        "budget",
    ],
    "scope": [
        "districts",
        "industries",
        "sizes",
        "exclude",
        "merchants",
        "channel",
        "hours",
        "weekdays",
        "goods",
        "per_class",
        "grade",
        "per_resident",
        "exclude_goods",
        "units",
        "delivered_to",
        "serial",
        "not_beside",
        "any_of",
    ],
    "coupon": ["below", "max_order", "scope", "rates_by", "cap_per"],
    "template": ["match", "no_later_than", "not_before", "from"],
}
ENDS = ("days_after_claim", "hours_after_claim", "days", "until", "calendar_month", "by", "at_once")


@cache
def worlds() -> list[World]:
    return [plain_worlds.draw(seed) for seed in range(60)]


def without(value: Any, key: str) -> Any:
    """A document without a key, wherever it stands."""
    if isinstance(value, dict):
        return {name: without(each, key) for name, each in value.items() if name != key}
    return [without(each, key) for each in value] if isinstance(value, list) else value


def says(value: Any, key: str) -> bool:
    """Whether a document has a key somewhere."""
    return value != without(value, key)


def ruled(world: World, key: str = "") -> tuple[Any, ...]:
    """What the plain law says of the rows of a world whose documents lack a key."""
    programme = without(world.programme, key)
    rounds = [replace(each, template=without(each.template, key)) for each in world.rounds]
    town = plain_law.Town(programme, rounds, MERCHANTS)
    town.suspended = SUSPENDED
    said = [plain_worlds.judge(town, file) for file in world.files]
    return said, town.sums


@pytest.mark.parametrize("key", [key for keys in KEYS.values() for key in keys])
def test_each_key_decides_over_a_row_of_some_world(key: str) -> None:
    told = [
        world
        for world in worlds()
        if says(world.programme, key) or says([each.template for each in world.rounds], key)
    ]
    assert any(ruled(world) != ruled(world, key) for world in told), len(told)


@pytest.mark.parametrize("end", ENDS)
def test_each_end_lets_pass_and_keeps_out(end: str) -> None:
    found: Counter[str | None] = Counter()
    for world in worlds():
        mine = {
            each.code
            for each in world.rounds
            if end in (each.template["validity"], *each.template["validity"])
        }
        for file in world.files:
            for row, reason in zip(file.rows, file.right, strict=True):
                number = row["transaction_no"] if file.kind == "instant" else row["claim_no"]
                pack = world.town.packs.get(number)
                if file.kind != "claims" and pack and pack.round.code in mine:
                    found[reason] += 1
    assert found[None] > 3
    assert found["expired"] or end == "at_once"


def test_every_reason_that_a_row_in_time_can_have_is_met() -> None:
    met = {reason for world in worlds() for file in world.files for reason in file.right}
    known = {rung.code for ladder in LADDERS for rung in ladder.rungs}
    elsewhere = {  # what comes late, twice or otherwise, and what no key is about
        "in_future", "round_not_open", "round_paused", "not_eligible", "conflicting_row",
        "funds_released", "displaces_sealed", "round_settled", "full_refund", "late_refund",
    }  # fmt: skip
    assert known - elsewhere <= met


def test_every_key_that_a_document_may_have_stands_in_some_world() -> None:
    known = {
        *(*scope.OF_ONE, *written_scope.OF_GOODS, *written_scope.OF_PACK, "any_of"),
        *(*coupons.PRICE_ENDS, *coupons.BY_WORD, *sum(coupons.COUPON_KEYS.values(), ())),
        *(
            *templates.ENDS,
            "from",
            "no_later_than",
            "not_before",
            *templates.Template.__annotations__,
        ),
        *programmes.LIMITS,
    }
    told_only = {"source", "assumption", "not_enforced"}  # words that are printed
    elsewhere = {
        "registration",
        "vouchers_per_payment",
    }  # merchants that are not in the registry yet
    written = [{"programme": each.programme, "templates": each.templates} for each in worlds()]
    missing = {key for key in known if not any(says(each, key) for each in written)}
    assert missing - told_only == elsewhere
