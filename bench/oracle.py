"""Judge a city's files one row at a time, with dictionaries: what every import must come to.

    python bench/oracle.py FOLDER          # reads what bench/city.py wrote, writes
    FOLDER/oracle.json

Written from the design's text alone, and it shares no code with the program: reasons in their
order, `full_restores` refunds, at most two vouchers a resident a merchant a day, money split half
up with the rest to the last funder. Slow on purpose: nothing is clever here. Rows that are lawful
by themselves wait in one file a day, so that a large city fits.
"""

from __future__ import annotations

import argparse
import csv
import gc
import json
import re
from collections import Counter, defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, lru_cache
from operator import add, sub
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

AMOUNT = re.compile(r"\d+(\.\d{1,2})?")
SUMS = ("redemptions", "base_fen", "subsidy_fen", "platform_fen", "match_fen", "own_fen")
OF_MERCHANTS = ("district", "industry", "size", "brand", "designated_size")
GROUPINGS = ("day", "round", "coupon", "merchant", *OF_MERCHANTS)
NEEDED = ("transaction_no", "claim_no", "coupon_no", "merchant_no", "paid_at")
Row = dict[str, str]


class Unfit(Exception):
    """The row is refused, and this is why."""


@dataclass
class Judged:
    """What became of one file's rows."""

    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    def told(self) -> dict[str, Any]:
        return {
            "read": self.read,
            "accepted": self.accepted,
            "duplicate": self.duplicate,
            "rejected": sum(self.reasons.values()),
            "reasons": dict(sorted(self.reasons.items())),
            "warning_reasons": dict(sorted(self.warnings.items())),
        }


@lru_cache(1 << 16)
def moment(text: str) -> datetime:
    """A local time as the files have it."""
    day, _, clock = text.partition(" ")
    if len(clock) != 8:
        raise Unfit("bad_time")
    try:
        return midnight(day) + timedelta(
            hours=int(clock[:2]), minutes=int(clock[3:5]), seconds=int(clock[6:])
        )
    except ValueError:
        raise Unfit("bad_time") from None


@cache
def midnight(day: str) -> datetime:
    return datetime.strptime(day, "%Y-%m-%d")


@lru_cache(1 << 16)
def fen(text: str) -> int:
    if not AMOUNT.fullmatch(text):
        raise Unfit("bad_amount")
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


# ---------------------------------------------------------------- merchants and claims


def registry(folder: Path) -> tuple[dict[str, Row], Judged]:
    """Merchants by number; a row must have a number and a name, and the same row again adds
    nothing.
    """
    found: dict[str, Row] = {}
    judged = Judged()
    with (folder / "merchants.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            judged.read += 1
            if not row["merchant_no"] or not row["name"]:
                judged.reasons["bad_row"] += 1
            elif row["merchant_no"] in found:
                judged.duplicate += 1
            else:
                found[row["merchant_no"]] = row
                judged.accepted += 1
    return found, judged


@dataclass(frozen=True, slots=True)
class Claim:
    round: str
    resident: str
    claimed_at: datetime
    expires_at: datetime


def granted(folder: Path, world: dict[str, Any]) -> tuple[dict[str, Claim], Judged]:
    """Claims by number, in the order of time, then of number."""
    judged = Judged()
    waiting: list[tuple[datetime, str, Row]] = []
    with (folder / "claims.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            judged.read += 1
            try:
                if not all(row.values()):
                    raise Unfit("bad_row")
                at = moment(row["claimed_at"])
                _may_be_claimed(world["rounds"].get(row["round"]), at)
                waiting.append((at, row["claim_no"], row))
            except Unfit as why:
                judged.reasons[str(why)] += 1
    claims: dict[str, Claim] = {}
    rows_seen: set[tuple[str, ...]] = set()
    packs: Counter[str] = Counter()
    held: Counter[tuple[str, str]] = Counter()
    for at, _, row in sorted(waiting, key=lambda each: each[:2]):
        number, round_, resident = row["claim_no"], row["round"], row["resident"]
        if (said := tuple(row.values())) in rows_seen:
            judged.duplicate += 1
            continue
        rows_seen.add(said)
        if number in claims:
            judged.reasons["claim_reused"] += 1
        elif packs[round_] >= world["rounds"][round_]["packs"]:
            judged.reasons["over_quota"] += 1
        elif held[(round_, resident)] >= world["packs_per_resident"]:
            judged.reasons["resident_limit"] += 1
        else:
            packs[round_] += 1
            held[(round_, resident)] += 1
            claims[number] = Claim(round_, resident, at, at + timedelta(days=world["valid_days"]))
            judged.accepted += 1
    return claims, judged


def _may_be_claimed(round_: dict[str, Any] | None, at: datetime) -> None:
    if round_ is None:
        raise Unfit("unknown_round")
    if round_["state"] == "draft":
        raise Unfit("round_not_open")
    if at < moment(round_["opens_at"]):
        raise Unfit("before_opening")
    if at >= moment(round_["closes_at"]):
        raise Unfit("after_closing")


# ---------------------------------------------------------------- redemptions: each row by itself


@dataclass
class City:
    """What a redemption is held against."""

    world: dict[str, Any]
    merchants: dict[str, Row]
    claims: dict[str, Claim]

    def alone(self, row: Row) -> datetime:
        """When the row happened; raises `Unfit` with the first reason against it, whatever else
        there is in the file.
        """
        if None in row.values() or None in row or not all(row[name] for name in NEEDED):
            raise Unfit("bad_row")
        if (
            row["kind"] not in ("pay", "refund")
            or (row["kind"] == "refund" and not row["refund_of"])
            or not row["coupon_no"].isdigit()
        ):
            raise Unfit("bad_row")
        at = self.readable(row)
        claim = self.claims.get(row["claim_no"])
        if claim is None:
            raise Unfit("unknown_claim")
        if not 1 <= int(row["coupon_no"]) <= len(self.world["coupons"]):
            raise Unfit("unknown_coupon")
        merchant = self.merchants.get(row["merchant_no"])
        if merchant is None:
            raise Unfit("unknown_merchant")
        if row["kind"] == "refund":  # money may always be given back
            if at < claim.claimed_at:
                raise Unfit("not_yet_valid")
            return at
        self.payable(row, at, claim, merchant)
        return at

    def readable(self, row: Row) -> datetime:
        """Amounts and time can be read. The design lists amounts first; a row here is never wrong
        in both.
        """
        order, discount, _ = (
            fen(row["order_amount"]),
            fen(row["merchant_discount"]),
            fen(row["subsidy"]),
        )
        if order == 0 or discount > order:
            raise Unfit("bad_amount")
        return moment(row["paid_at"])

    def payable(self, row: Row, at: datetime, claim: Claim, merchant: Row) -> None:
        coupon = self.world["coupons"][int(row["coupon_no"]) - 1]
        base = fen(row["order_amount"]) - fen(row["merchant_discount"])
        suspended_from = self.world["suspended"].get(row["merchant_no"])
        if suspended_from and at >= moment(suspended_from):
            raise Unfit("merchant_suspended")
        if merchant["industry"] in self.world["excluded_industries"]:
            raise Unfit("out_of_scope")
        if at < claim.claimed_at:
            raise Unfit("not_yet_valid")
        if at >= claim.expires_at:
            raise Unfit("expired")
        if base < coupon["threshold_fen"]:
            raise Unfit("below_threshold")
        percent = coupon["percent_bp"]
        expected = (
            coupon["face_fen"]
            if percent is None
            else min(coupon["face_fen"], half_up(base * percent, 10_000))
        )
        if fen(row["subsidy"]) != expected:
            raise Unfit("subsidy_mismatch")


# ---------------------------------------- redemptions: the life of each voucher


@dataclass(slots=True)
class Payment:
    number: str
    merchant: str
    at: datetime
    base: int
    left: int
    subsidy: int
    kept: int
    holds: bool = True


class Ledger:
    """Vouchers, visits and numbers as they stand, and the sums that come of them."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.judged = Judged()
        self.payments: dict[tuple[str, str], list[Payment]] = {}
        self.numbers: dict[str, set[str]] = {"pay": set(), "refund": set()}
        self.visits: dict[
            tuple[str, str], set[tuple[str, str]]
        ] = {}  # (resident, merchant), of the day at hand
        # day, round, coupon number
        self.by_time: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0] * len(SUMS))
        self.by_merchant: dict[str, list[int]] = defaultdict(lambda: [0] * len(SUMS))
        self.parts = cache(self._parts)

    def take(self, row: Row) -> None:
        """One row that is lawful by itself, in the order of time."""
        try:
            (self.pay if row["kind"] == "pay" else self.refund)(row)
            self.judged.accepted += 1
        except Unfit as why:
            self.judged.reasons[str(why)] += 1

    def pay(self, row: Row) -> None:
        voucher = (row["claim_no"], row["coupon_no"])
        if any(payment.holds for payment in self.payments.get(voucher, ())):
            raise Unfit("already_redeemed")
        # The visit's vouchers count whether or not a payment was given back later: it was a visit.
        visit = self.visits.setdefault(
            (self.city.claims[row["claim_no"]].resident, row["merchant_no"]), set()
        )
        if voucher not in visit and len(visit) >= self.city.world["vouchers_per_merchant_per_day"]:
            raise Unfit("over_limit")
        if row["transaction_no"] in self.numbers["pay"]:
            raise Unfit("transaction_reused")
        visit.add(voucher)
        self.numbers["pay"].add(row["transaction_no"])
        base, subsidy = (
            fen(row["order_amount"]) - fen(row["merchant_discount"]),
            fen(row["subsidy"]),
        )
        payment = Payment(
            row["transaction_no"],
            row["merchant_no"],
            moment(row["paid_at"]),
            base,
            base,
            subsidy,
            subsidy,
        )
        self.payments.setdefault(voucher, []).append(payment)
        self.count(row, base, 0, subsidy, 1)

    def refund(self, row: Row) -> None:
        """Full and before the expiry: the voucher is free again. A full one returns the subsidy, one
        in part its share; only the first frees the voucher.
        """
        voucher = (row["claim_no"], row["coupon_no"])
        at, base = moment(row["paid_at"]), fen(row["order_amount"]) - fen(row["merchant_discount"])
        if row["transaction_no"] in self.numbers["refund"]:
            raise Unfit("transaction_reused")
        payment = next(
            (
                each
                for each in self.payments.get(voucher, ())
                if each.number == row["refund_of"]
                and each.merchant == row["merchant_no"]
                and each.at <= at
            ),
            None,
        )
        if payment is None:
            raise Unfit("refund_without_payment")
        if base > payment.left:
            raise Unfit("refund_too_large")
        restores = base == payment.base and at < self.city.claims[row["claim_no"]].expires_at
        payment_left = payment.left - base
        kept = payment.subsidy - half_up(
            payment.subsidy * (payment.base - payment_left), payment.base
        )
        if fen(row["subsidy"]) != payment.kept - kept:
            raise Unfit("subsidy_mismatch")
        self.numbers["refund"].add(row["transaction_no"])
        self.count(row, -base, payment.kept, kept, -1 if payment_left == 0 else 0)
        payment.left, payment.kept = payment_left, kept
        if restores:
            payment.holds = False
        else:
            self.judged.warnings["refund_forfeits"] += 1

    def count(self, row: Row, base: int, before: int, after: int, vouchers: int) -> None:
        """Add to the sums what a change of the kept subsidy from `before` to `after` makes: the
        public funders together, platform, match with the merchants' share, the consumer's own.
        """
        public, platform, match = map(sub, self.parts(after), self.parts(before))
        values = (vouchers, base, public, platform, match, base - public - platform - match)
        round_ = self.city.claims[row["claim_no"]].round
        for sums in (
            self.by_time[(row["paid_at"][:10], round_, row["coupon_no"])],
            self.by_merchant[row["merchant_no"]],
        ):
            sums[:] = map(add, sums, values)

    def _parts(self, subsidy: int) -> tuple[int, int, int]:
        """Each share rounded half up once, the last funder takes the rest; the match comes on
        top.
        """
        by_kind: Counter[str] = Counter()
        left = subsidy
        *first, last = self.city.world["funding"]
        for funder in first:
            share = min(left, half_up(subsidy * funder["share_bp"], 10_000))
            by_kind[funder["kind"]] += share
            left -= share
        by_kind[last["kind"]] += left
        return (
            by_kind["public"],
            by_kind["platform"],
            by_kind["merchant"] + half_up(subsidy * self.city.world["match_bp"], 10_000),
        )

    def sums(self) -> dict[str, dict[str, dict[str, int]]]:
        """Grouping -> key -> sums; keys in which nothing is left are left out."""
        found: dict[str, dict[str, Counter[str]]] = {by: defaultdict(Counter) for by in GROUPINGS}
        for (day, round_, coupon_no), values in self.by_time.items():
            for by, key in (
                ("day", day),
                ("round", round_),
                ("coupon", self.short_name(coupon_no)),
            ):
                _pool(found[by][key], values)
        for number, values in self.by_merchant.items():
            merchant = self.city.merchants[number]
            for by in ("merchant", *OF_MERCHANTS):
                _pool(found[by][number if by == "merchant" else merchant[by]], values)
        return {
            by: {key: dict(sums) for key, sums in sorted(groups.items()) if any(sums.values())}
            for by, groups in found.items()
        }

    def short_name(self, coupon_no: str) -> str:
        """40-10, 200-10%."""
        coupon = self.city.world["coupons"][int(coupon_no) - 1]
        percent = coupon["percent_bp"]
        return f"{coupon['threshold_fen'] // 100}-" + (
            f"{percent // 100}%" if percent else str(coupon["face_fen"] // 100)
        )


def _pool(sums: Counter[str], values: list[int]) -> None:
    for name, value in zip(SUMS, values, strict=True):
        sums[name] += value


def redeemed(folder: Path, city: City) -> Ledger:
    """Every redemption: by itself as it is read, then day by day on its voucher's life."""
    ledger = Ledger(city)
    with TemporaryDirectory() as shelf:
        columns = _sort_by_day(folder, city, Path(shelf), ledger.judged)
        for day in sorted(Path(shelf).iterdir()):
            with day.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file, columns))
            # In the same second payments come first, then lower numbers.
            rows.sort(
                key=lambda row: (row["paid_at"], row["kind"] == "refund", row["transaction_no"])
            )
            _take_day(ledger, rows)
    return ledger


def _take_day(ledger: Ledger, rows: list[Row]) -> None:
    """Equal rows have equal times: a repeated row is always found on its own day. So are the
    vouchers of one visit.
    """
    ledger.visits.clear()
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        cells = tuple(row.values())
        if cells in seen:
            ledger.judged.duplicate += 1
            continue
        seen.add(cells)
        ledger.take(row)


def _sort_by_day(folder: Path, city: City, shelf: Path, judged: Judged) -> list[str]:
    """Put the rows that are lawful by themselves into one file a day; gives the columns."""
    with (
        (folder / "redemptions.csv").open(encoding="utf-8", newline="") as file,
        ExitStack() as stack,
    ):
        reader = csv.DictReader(file)
        columns = list(reader.fieldnames or ())
        days: dict[str, Any] = {}
        for row in reader:
            judged.read += 1
            try:
                city.alone(row)
            except Unfit as why:
                judged.reasons[str(why)] += 1
                continue
            day = row["paid_at"][:10]
            if day not in days:
                days[day] = csv.writer(
                    stack.enter_context((shelf / day).open("w", encoding="utf-8", newline=""))
                )
            days[day].writerow(row.values())
    return columns


def judge(folder: Path) -> dict[str, Any]:
    """Everything the imports of a folder must come to."""
    world = json.loads((folder / "world.json").read_text("utf-8"))
    merchants, judged_merchants = registry(folder)
    claims, judged_claims = granted(folder, world)
    ledger = redeemed(folder, City(world, merchants, claims))
    told = {"merchants": judged_merchants, "claims": judged_claims, "redemptions": ledger.judged}
    return {kind: judged.told() for kind, judged in told.items()} | {"sums": ledger.sums()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Judge a city's files one row at a time.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    gc.disable()  # nothing here goes in circles, and looking for them takes half of the time
    found = judge(folder)
    (folder / "oracle.json").write_text(json.dumps(found, ensure_ascii=False) + "\n", "utf-8")
    print(
        json.dumps({kind: found[kind] for kind in ("merchants", "claims", "redemptions")}, indent=1)
    )


if __name__ == "__main__":
    main()
