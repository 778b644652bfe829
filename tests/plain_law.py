"""The oracle of the keys that officials write: a programme's rules read a second time, plainly.

What each row of a file of claims or payments comes to, by the YAML of the programme and of its
templates alone. It shares no code with the program and nothing in it is clever: rows one at a time,
in the order of time, dictionaries of what stands, amounts in fen, times as local ones. It knows
every key of `validity`, `scope`, `coupons`, `funding`, `match`, `limits` and `refunds`, families of
rounds, winners that were drawn here, and payments that make their claim. What comes late, twice or
otherwise is judged elsewhere (tests/test_agreement.py, bench/oracle.py).
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from plain_terms import (
    Document,
    Row,
    bp,
    classes,
    covers,
    ends_at,
    face,
    fen,
    gives,
    goods_fault,
    half_up,
    listed,
    moment,
    most_base,
    rates,
    said_word,
    span_of,
    threshold,
    usable_from,
    vouchers_of,
)

if TYPE_CHECKING:
    from datetime import datetime

REFUNDS = {
    "full_restores": (("restores", "forfeits", "forfeits"), ("returns", "returns", "pro_rata")),
    "restores_once": (("restores_once", "forfeits", "refused"), ("returns", "returns", "pro_rata")),
    "forfeits": (("forfeits", "forfeits", "forfeits"), ("returns", "returns", "pro_rata")),
    "pro_rata": (("forfeits", "forfeits", "forfeits"), ("pro_rata", "pro_rata", "pro_rata")),
}


class Refused(Exception):
    """The row is refused, and this is why."""


# ---------------------------------------------------------------- what stands


@dataclass
class Round:
    """A round as it was created; `winners`: who may claim it (None: it was not drawn here)."""

    code: str
    template: Document
    packs: int
    opens_at: datetime
    closes_at: datetime
    per_resident: int = 1
    platform: str = ""
    family: str = ""
    face: str = ""
    is_one_of: bool = True
    winners: set[str] | None = None

    @property
    def words(self) -> set[str]:
        """What limits may call it by."""
        return {
            self.code,
            self.template["template"],
            self.template.get("kind", ""),
            self.family,
        } - {""}


@dataclass
class Payment:
    number: str
    merchant: str
    at: datetime
    base: int
    left: int
    subsidy: int
    kept: int
    row: Row
    freed_at: datetime | None = None


@dataclass
class Pack:
    """A claim that was granted."""

    round: Round
    resident: str
    at: datetime
    ends_at: datetime
    paid: dict[int, list[Payment]] = field(default_factory=lambda: defaultdict(list))

    def used(self) -> int:
        return sum(any(p.freed_at is None for p in each) for each in self.paid.values())


class Town:
    """A programme with its rounds and merchants, and what came in until now."""

    def __init__(self, programme: Document, rounds: list[Round], merchants: list[Row]) -> None:
        self.programme, self.rounds = programme, rounds
        self.limits: Document = programme.get("limits", {})
        self.merchants = {each["merchant_no"]: each for each in merchants}
        self.suspended: dict[str, tuple[datetime, datetime]] = {}
        self.packs: dict[str, Pack] = {}
        self.numbers: set[tuple[str, str]] = set()
        self.visits: dict[tuple[object, ...], set[tuple[str, int]]] = defaultdict(set)
        self.sums: dict[str, Counter[str]] = defaultdict(Counter)
        self.kinds = {name: each["kind"] for name, each in programme["funders"].items()}
        policy = programme.get("refunds", "full_restores")
        names = ("full", "late", "partial")
        self.voucher_after, self.money_after = (
            dict(zip(names, part, strict=True)) for part in REFUNDS[policy]
        )

    # ------------------------------------------------------------ claims

    def claims(self, rows: list[Row], platform: str = "") -> list[str | None]:
        """Why each of the rows, in the order of time, is refused; None: it has its pack."""
        return [self._try(self._claim, row, platform) for row in rows]

    @staticmethod
    def _try(deed: Any, *args: Any) -> str | None:
        try:
            deed(*args)
        except Refused as why:
            return str(why)
        return None

    def _claim(self, row: Row, platform: str) -> None:
        round_, at = self._round_of(row, platform), moment(row["claimed_at"])
        if round_ is None:
            raise Refused("unknown_round")
        resident = row["resident"]
        if platform and round_.platform not in ("", platform):
            raise Refused("wrong_platform")
        if at < round_.opens_at:
            raise Refused("before_opening")
        if at >= round_.closes_at:
            raise Refused("after_closing")
        if round_.winners is not None and resident not in round_.winners:
            raise Refused("not_a_winner")
        if row["claim_no"] in self.packs:
            raise Refused("claim_reused")
        if sum(pack.round is round_ for pack in self.packs.values()) >= round_.packs:
            raise Refused("over_quota")
        if not self._has_room(round_, resident, at):
            raise Refused("resident_limit")
        validity = round_.template["validity"]
        stated = row.get("expires_at", "")
        last = ends_at(validity, at, round_.opens_at, stated)
        self.packs[row["claim_no"]] = Pack(round_, resident, at, last)

    def _round_of(self, row: Row, platform: str) -> Round | None:
        """The round of that code; or the one of a family that its face and platform tell."""
        code, face_ = row["round"], row.get("face", "")
        for each in self.rounds:
            if each.code == code and not face_:
                return each
        of_family = [r for r in self.rounds if r.family and code in (r.family, r.code)]
        if not of_family:
            return next((each for each in self.rounds if each.code == code), None)
        meant = [
            each
            for each in of_family
            if (not face_ or face_ in (each.face, each.face.partition("-")[0]))
            and (not platform or each.platform in ("", platform))
        ]
        if len(meant) != 1:
            raise Refused("unknown_face")
        return meant[0]

    def _has_room(self, round_: Round, resident: str, at: datetime) -> bool:
        """Whether the limits of claims let a person have this pack beside those it has."""
        own = [pack for pack in self.packs.values() if pack.resident == resident]
        over = [pack for pack in own if pack.ends_at <= at and not pack.used()]
        over.sort(key=lambda pack: (pack.ends_at, pack.at))
        forgiven = over[: self.limits.get("again_after_expiry") or 0]
        held = [pack for pack in own if pack not in forgiven]
        return (
            sum(pack.round is round_ for pack in held) < round_.per_resident
            and self._in_number(round_, held, at)
            and self._one_of(round_, held)
            and self._in_face(round_, held, at)
            and self._after_the_last(round_, held, at)
        )

    def _in_number(self, round_: Round, held: list[Pack], at: datetime) -> bool:
        for per in ("day", "week", "month", "programme"):
            key = "packs_per_resident" + ("" if per == "programme" else f"_per_{per}")
            most = self.limits.get(key)
            by_word = most if isinstance(most, dict) else {"": most} if most else {}
            for word, number in by_word.items():
                if word and word not in round_.words:
                    continue
                those = [
                    pack
                    for pack in held
                    if span_of(per, pack.at) == span_of(per, at)
                    and (not word or word in pack.round.words)
                ]
                if len(those) >= number:
                    return False
        return True

    def _one_of(self, round_: Round, held: list[Pack]) -> bool:
        lists = self.limits.get("one_of") or []
        lists = [lists] if lists and not isinstance(lists[0], list) else lists
        families = {each.family for each in self.rounds if each.family and each.is_one_of}
        for words in (*map(set, lists), *({family} for family in families)):
            if words & round_.words and any(words & pack.round.words for pack in held):
                return False
        return True

    def _in_face(self, round_: Round, held: list[Pack], at: datetime) -> bool:
        for term in listed(self.limits.get("face_per_resident")):
            per = term["per"]
            those = [pack for pack in held if span_of(per, pack.at) == span_of(per, at)]
            had = sum(face(pack.round.template) for pack in those)
            if had + face(round_.template) > fen(term["at_most"]):
                return False
        return True

    def _after_the_last(self, round_: Round, held: list[Pack], at: datetime) -> bool:
        rule = self.limits.get("next_claim")
        for word, each in (rule if isinstance(rule, dict) else {"": rule} if rule else {}).items():
            if word and word not in round_.words:
                continue
            for pack in held:
                is_used = pack.used() >= len(vouchers_of(pack.round.template))
                is_over = each == "after_redeemed_or_expired" and pack.ends_at <= at
                if (not word or word in pack.round.words) and not (is_used or is_over):
                    return False
        return True

    # ------------------------------------------------------------ payments and refunds

    def redemptions(self, rows: list[Row]) -> list[str | None]:
        """Why each of the rows, in the order of time, is refused; None: it is accepted."""
        return [self._try(self._pay if row["kind"] == "pay" else self._refund, row) for row in rows]

    def _known(self, row: Row) -> tuple[Pack, Document, Row]:
        pack = self.packs.get(row["claim_no"])
        if pack is None:
            raise Refused("unknown_claim")
        coupons = vouchers_of(pack.round.template)
        if not 1 <= int(row["coupon_no"]) <= len(coupons):
            raise Refused("unknown_coupon")
        if row["merchant_no"] not in self.merchants:
            raise Refused("unknown_merchant")
        return pack, coupons[int(row["coupon_no"]) - 1], self.merchants[row["merchant_no"]]

    def fault(self, row: Row) -> str | None:
        """Why a payment is refused whatever else was paid."""
        return self._try(self._payable, row)

    def _pay(self, row: Row) -> None:
        pack, at, base = self._payable(row)
        number = int(row["coupon_no"])
        if any(p.freed_at is None or p.freed_at >= at for p in pack.paid[number]):
            raise Refused("already_redeemed")
        subsidy, voucher = fen(row["subsidy"]), (row["claim_no"], number)
        visit = self.visits[pack.resident, row["merchant_no"], at.date()]
        most = self.limits.get("vouchers_per_merchant_per_day")
        if most and voucher not in visit and len(visit) >= most:
            raise Refused("over_limit")
        payment = Payment(
            row["transaction_no"], row["merchant_no"], at, base, base, subsidy, subsidy, row
        )
        if over := self._over(pack, payment):
            raise Refused(over)
        if ("pay", payment.number) in self.numbers:
            raise Refused("transaction_reused")
        visit.add(voucher)
        self.numbers.add(("pay", payment.number))
        pack.paid[number].append(payment)
        self._count(pack, base, 0, subsidy, 1)

    def _payable(self, row: Row) -> tuple[Pack, datetime, int]:
        """What a payment must keep whatever else was paid; gives its pack, second and base."""
        pack, coupon, merchant = self._known(row)
        at, base = moment(row["paid_at"]), fen(row["order_amount"]) - fen(row["merchant_discount"])
        scope, own = pack.round.template.get("scope", {}), coupon.get("scope", {})
        channels = [row["channel"]] if row.get("channel") else ["offline", "online"]
        suspended = self.suspended.get(row["merchant_no"])
        if suspended and suspended[0] <= at < suspended[1]:
            raise Refused("merchant_suspended")
        if not any(
            covers(scope, merchant, each, at) and covers(own, merchant, each, at)
            for each in channels
        ):
            raise Refused("out_of_scope")
        if fault := goods_fault(scope, row) or goods_fault(own, row):
            raise Refused(fault)
        word = said_word(coupon, row)
        if rates(coupon) and word and word not in rates(coupon):
            by_grade = coupon.get("rates_by", "grade") == "grade"
            raise Refused("other_grade" if by_grade else "other_goods")
        if at < usable_from(pack.round.template["validity"], pack.at):
            raise Refused("not_yet_valid")
        if at >= pack.ends_at:
            raise Refused("expired")
        if base < threshold(coupon):
            raise Refused("below_threshold")
        most = most_base(coupon)
        if most is not None and base > most:
            raise Refused("above_price_end")
        if fen(row["subsidy"]) != gives(coupon, base, row):
            raise Refused("subsidy_mismatch")
        return pack, at, base

    # ------------------------------------------------------------ limits of use

    def _standing(self) -> list[tuple[Pack, Payment]]:
        return [
            (pack, payment)
            for pack in self.packs.values()
            for payments in pack.paid.values()
            for payment in payments
        ]

    def _over(self, pack: Pack, asked: Payment) -> str | None:
        """The first limit of use that has no room for a payment beside all that stands."""
        standing = self._standing()
        if reason := self._over_goods(pack, asked, standing):
            return reason
        for key, by_resident, by_merchant in (
            ("vouchers_per_resident", True, False),
            ("vouchers_per_merchant", True, True),
            ("subsidy_per_resident", True, False),
            ("subsidy_per_merchant", False, True),
            ("budget", False, False),
        ):
            for written in listed(self.limits.get(key)):
                term = written if isinstance(written, dict) else {"at_most": written}
                if not _concerns(term, pack.round):
                    continue
                those = [
                    payment
                    for other, payment in standing
                    if _concerns(term, other.round)
                    and (not by_resident or other.resident == pack.resident)
                    and (not by_merchant or payment.merchant == asked.merchant)
                    and span_of(term.get("per", ""), payment.at)
                    == span_of(term.get("per", ""), asked.at)
                ]
                if key.startswith("vouchers"):
                    is_over = sum(p.left > 0 for p in those) + 1 > term["at_most"]
                else:
                    is_over = sum(p.kept for p in those) + asked.subsidy > fen(term["at_most"])
                if is_over:
                    return "over_use_limit"
        return None

    def _over_goods(
        self, pack: Pack, asked: Payment, standing: list[tuple[Pack, Payment]]
    ) -> str | None:
        """A piece is used once in all rounds that ask for its serial number; a person has so many
        pieces of a class.
        """
        in_use = [(other, payment) for other, payment in standing if payment.left > 0]
        piece = _piece(pack, asked)
        if piece and any(_piece(*each) == piece for each in in_use):
            return "serial_used"
        word, most = asked.row.get("goods"), _pieces(pack.round, asked.row)
        had = sum(
            other.resident == pack.resident
            and payment.row.get("goods") == word
            and _pieces(other.round, payment.row) is not None
            for other, payment in in_use
        )
        return "class_used" if most is not None and had >= most else None

    # ------------------------------------------------------------ refunds

    def _refund(self, row: Row) -> None:
        pack, _, _ = self._known(row)
        at, base = moment(row["paid_at"]), fen(row["order_amount"]) - fen(row["merchant_discount"])
        if at < pack.at:
            raise Refused("not_yet_valid")
        if ("refund", row["transaction_no"]) in self.numbers:
            raise Refused("transaction_reused")
        payments = pack.paid[int(row["coupon_no"])]
        payment = next(
            (
                p
                for p in payments
                if (p.number, p.merchant) == (row["refund_of"], row["merchant_no"]) and p.at <= at
            ),
            None,
        )
        if payment is None:
            raise Refused("refund_without_payment")
        if base > payment.left or not payment.left:
            raise Refused("refund_too_large")
        case = _case(pack, payment, base, at)
        voucher = self.voucher_after[case]
        if "refused" in (voucher, self.money_after[case]):
            raise Refused(f"{case}_refund")
        goes = self.returned(pack, payment, base, at)
        if fen(row["subsidy"]) != goes:
            raise Refused("subsidy_mismatch")
        self.numbers.add(("refund", row["transaction_no"]))
        self._count(
            pack, -base, payment.kept, payment.kept - goes, -1 if base == payment.left else 0
        )
        payment.left -= base
        payment.kept -= goes
        was_freed = any(p.freed_at is not None for p in payments)
        if voucher == "restores" or (voucher == "restores_once" and not was_freed):
            payment.freed_at = at

    def returned(self, pack: Pack, payment: Payment, base: int, at: datetime) -> int:
        """What goes back of the subsidy when so much of the order is refunded."""
        is_share = self.money_after[_case(pack, payment, base, at)] == "pro_rata"
        if not is_share or base >= payment.left:
            return payment.kept
        taken = half_up(payment.subsidy * (payment.base - payment.left + base), payment.base)
        return min(max(taken - (payment.subsidy - payment.kept), 0), payment.kept)

    # ------------------------------------------------------------ money

    def _count(self, pack: Pack, base: int, before: int, after: int, vouchers: int) -> None:
        """Add to the round's sums what a change of the kept subsidy makes."""
        sums = self.sums[pack.round.code]
        sums["redemptions"] += vouchers
        sums["base_fen"] += base
        sums["own_fen"] += base
        for sign, amount in ((1, after), (-1, before)):
            for kind, part in self._parts(pack.round.template, amount).items():
                sums[kind] += sign * part
                sums["own_fen"] -= sign * part

    def _parts(self, template: Document, subsidy: int) -> Counter[str]:
        """Who pays a subsidy: each share half up, the last takes the rest; the match on top."""
        found: Counter[str] = Counter()
        names = {"public": "subsidy_fen", "platform": "platform_fen", "merchant": "match_fen"}
        left = subsidy
        *first, last = template["funding"].items()
        for funder, share in first:
            part = min(left, half_up(subsidy * bp(share), 10_000))
            found[names[self.kinds[funder]]] += part
            left -= part
        found[names[self.kinds[last[0]]]] += left
        for share in template.get("match", {}).values():
            percent, cap = (
                (share["percent"], share["cap"]) if isinstance(share, dict) else (share, None)
            )
            added = half_up(subsidy * bp(percent), 10_000)
            found["match_fen"] += added if cap is None else min(added, fen(cap))
        return found


def _case(pack: Pack, payment: Payment, base: int, at: datetime) -> str:
    return "partial" if base != payment.base else "full" if at < pack.ends_at else "late"


def _concerns(term: Document, round_: Round) -> bool:
    """Whether vouchers of a round count under a line of a limit."""
    of, but = (set(listed(term.get(key))) for key in ("of", "except"))
    return (not of or bool(of & round_.words)) and not but & round_.words


def _piece(pack: Pack, payment: Payment) -> str:
    """The serial number of a payment whose template asks for it, as it is compared."""
    if pack.round.template.get("scope", {}).get("serial") != "once":
        return ""
    text = unicodedata.normalize("NFKC", payment.row.get("serial") or "").upper()
    return text.replace(" ", "").replace("-", "")


def _pieces(round_: Round, row: Row) -> int | None:
    """How many pieces of the row's class a person may have; None: any number."""
    scope = round_.template.get("scope", {})
    named = classes(scope)
    if row.get("goods") not in named:
        return None
    most: int | None = named[row["goods"]].get("per_resident", scope.get("per_class"))
    return most
