"""The city: residents claim and pay, platforms write it down, late, twice or damaged. All that happens
is drawn from one seed, and nothing of it depends on what the program answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import city_model
import city_rules
from city_model import ZONE, Row
from city_rules import Pack, Round, Rules

if TYPE_CHECKING:
    import random

    from city_payments import Terms

BEGINNING = city_model.second("2020-03-23 00:00:00")
HOUR, DAY = 3_600, 86_400
HEADS = {
    "claim": "claim_no,round,resident,claimed_at",
    "redemption": "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,"
    "merchant_discount,subsidy,refund_of",
}
DAMAGE = ("", "x", "4a", "2020-13-45 99:00:00", "1.2E+17", "锟斤拷")


def shown(at: int) -> str:
    return datetime.fromtimestamp(at, ZONE).strftime("%Y-%m-%d %H:%M:%S")


def midnight_after(at: int) -> int:
    return at + DAY - (at + city_rules.EAST) % DAY


def yuan(amount_fen: int) -> str:
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


COUPONS = (
    ((1_000, 4_000), (1_000, 4_000), (2_000, 8_000)),
    ((1_500, 6_000), (1_000, 4_000)),
)


def found(chance: random.Random) -> City:
    """A city on its first morning; every second one has limits that its residents reach."""
    rules = Rules(
        policy=chance.choice(sorted(city_rules.POLICIES)),
        packs=[draw_pack(chance, 1)],
        merchants={number: [] for number in ("M1", "M2", "M3")},
    )
    return City(
        chance,
        rules,
        is_strict=chance.random() < 0.5,
        has_backups=chance.random() < 0.3,
        unused_after=chance.choice((0, 1, 90)),
        close_after=chance.choice((None, 0, 0, 1, 2)),
        has_staff=chance.random() < 0.5,
    )


def draw_pack(chance: random.Random, version: int) -> Pack:
    share = chance.choice((100, 70, 33))
    return Pack(
        version,
        days=chance.choice((1, 2, 7)),
        coupons=chance.choice(COUPONS),
        funders=(("treasury", share), ("shop", 100 - share))[: 1 + (share < 100)],
    )


@dataclass
class File:
    """A file that a platform sent, or what a correction entered anew. `batch` once it is in.
    `by_column`: it is read as large files are.
    """

    name: str
    kind: str
    rows: list[Row]
    by_column: bool
    batch: int | None = None
    is_cut: bool = False  # its import was killed, and nobody went on with it yet
    correction: int = 0

    @property
    def first_line(self) -> int:
        """Of its rows."""
        return 1 if self.correction else 2

    @property
    def text(self) -> str:
        return "\n".join((HEADS[self.kind], *map(",".join, self.rows), ""))


@dataclass
class City:
    """What has happened so far, and what of it no file has told yet."""

    chance: random.Random
    rules: Rules
    is_strict: bool  # few residents, and limits that they reach
    has_backups: bool
    unused_after: int  # days
    close_after: int | None  # days after which the tick seals one; None: days are closed by hand
    has_staff: bool
    terms: Terms | None = None  # how merchants are paid; None: they are not
    now: int = BEGINNING + 7 * HOUR
    events: dict[str, list[Row]] = field(default_factory=lambda: {"claim": [], "redemption": []})
    untold: dict[str, list[Row]] = field(default_factory=lambda: {"claim": [], "redemption": []})
    files: list[File] = field(default_factory=list)
    written: int = 0  # files that were ever written; a restore takes none of their names back

    def pass_time(self) -> None:
        self.now += 2 * self.chance.randint(30, HOUR // 2)

    def plan_round(self, *, opens_in: int | None = None, is_by_lot: bool = False) -> Round:
        """A round that opens soon, with few packs."""
        wait = self.chance.choice((0, 600, HOUR)) if opens_in is None else opens_in
        opens = self.now + wait + 60 - self.now % 60
        closes = opens + self.chance.choice((6, 20, 30)) * HOUR
        rounds, pack = self.rules.rounds, self.chance.choice(self.rules.packs[-2:])
        packs = self.chance.randint(4, 12)
        each = self.chance.choice((1, 2, 4)) if self.is_strict else 1_000
        code = f"r{len(rounds) + 1}"
        rounds.append(Round(code, opens, closes, packs, pack, each, is_by_lot=is_by_lot))
        return rounds[-1]

    def amend(self, code: str, *, packs: int, is_paused: bool) -> None:
        """A round has other terms from now on."""
        for at, round_ in enumerate(self.rules.rounds):
            if round_.code == code:
                pauses = round_.pauses
                was_paused = bool(pauses) and pauses[-1][1] is None
                if is_paused and not was_paused:
                    pauses = (*pauses, (self.now, None))
                elif was_paused and not is_paused:
                    pauses = (*pauses[:-1], (pauses[-1][0], self.now))
                self.rules.rounds[at] = round_._replace(packs=packs, pauses=pauses)

    def prolong(self, code: str, until: int) -> None:
        """No voucher of a round ends before then, as was decided now."""
        for at, round_ in enumerate(self.rules.rounds):
            if round_.code == code and until not in [each for _, each in round_.later_ends]:
                later = (*round_.later_ends, (self.now, until))
                self.rules.rounds[at] = round_._replace(later_ends=later)

    def free_rounds(self) -> list[Round]:
        """The last rounds for all who come first."""
        return [each for each in self.rules.rounds if not each.is_by_lot][-3:]

    # ------------------------------------------------------------ what happens

    def live(self) -> None:
        """Residents claim, pay and return, each at a second of its own; now and then a platform's
        clock is ahead.
        """
        for _ in range(self.chance.randint(2, 9)):
            self.now += 2 * self.chance.randint(1, 200)
            now, books = self.now, self.happened()
            if self._odd():
                self.now += 2 * self.chance.randint(1, 5_000) + 1
            kind, row = self._claim(books) if self.chance.random() < 0.4 else self._use(books)
            self.now = now
            if row is not None:
                self.events[kind].append(row)
                self.untold[kind].append(row)

    def happened(self) -> city_model.Books:
        """What stands of all that happened, whoever knows of it."""
        return city_model.judge(
            self.rules, self.events["claim"], self.events["redemption"], self.now
        )

    def _claim(self, books: city_model.Books) -> tuple[str, Row]:
        """A claim; now and then with a number that was used before, in its round or another, and
        more often with one whose row got no pack.
        """
        code = self.chance.choice(
            [each.code for each in self.free_rounds()] + ["r0"][: self._odd()]
        )
        number = f"C{len(self.events['claim']) + 1}"
        known = [row[0] for row in self.events["claim"]]
        without = [row[0] for row, why in books.why.items() if why == "over_quota"]
        if without and self.chance.random() < 0.3:
            number = self.chance.choice(without)
        elif known and self._odd():
            number = self.chance.choice(known)
        return "claim", (
            number,
            code,
            f"P{self.chance.randint(1, 8 if self.is_strict else 30)}",
            shown(self.now),
        )

    def _use(self, books: city_model.Books) -> tuple[str, Row | None]:
        paid = sorted(books.payments)
        if paid and self.chance.random() < 0.3:
            return "redemption", self._refund(books, self.chance.choice(paid))
        if not self.events["claim"]:
            return "redemption", None
        granted = [row for each in self.rules.rounds for row in each.granted or ()]
        claim_no, code, *_ = self.chance.choice(self.events["claim"][-12:] + granted[-6:])
        round_ = self.rules.round(code)
        coupons = (round_.pack if round_ else self.rules.packs[0]).coupons
        coupon = self.chance.randint(1, len(coupons) + self._odd())
        gives, threshold = coupons[min(coupon, len(coupons)) - 1]
        base = threshold + self.chance.choice((0, 4_000, 8_000)) - self._odd()
        number = f"T{len(self.events['redemption']) + 1}"
        if paid and self._odd():
            number = self.chance.choice(paid)
        merchants = sorted(self.rules.merchants)
        merchant = "M9" if self._odd() else self.chance.choice(merchants)
        gives += self._odd()
        order = (yuan(base), "0", yuan(gives), "")
        return "redemption", (
            number,
            "pay",
            claim_no,
            str(coupon),
            merchant,
            shown(self.now),
            *order,
        )

    def _refund(self, books: city_model.Books, number: str) -> Row:
        payment = books.payments[number]
        base = self.chance.choice((payment.base_fen, payment.left_fen, payment.base_fen // 4))
        is_whole = base == payment.base_fen and self.rules.policy != "pro_rata"
        goes = payment.kept_fen if is_whole else city_model.returns(payment, base)
        goes += self._odd()
        merchant = "M2" if self._odd() else payment.merchant_no
        who = (payment.claim_no, str(payment.coupon_no), merchant, shown(self.now))
        own = f"R{len(self.events['redemption']) + 1}"
        if books.refunds and self._odd():
            own = self.chance.choice(sorted(books.refunds))
        return (own, "refund", *who, yuan(base), "0", yuan(goes), number)

    def _odd(self) -> int:
        """1 now and then: something that should not happen."""
        return int(self.chance.random() < 0.06)

    # ------------------------------------------------------------ what is told

    def write_file(self, kind: str) -> File:
        """A platform's file: most of what nobody was told yet, some of it for the second time, some
        of it damaged, in any order.
        """
        untold, kept_back = self.untold[kind], []
        rows = []
        for row in untold:
            (kept_back if self.chance.random() < 0.25 else rows).append(row)
        self.untold[kind] = kept_back
        known = self.events[kind]
        rows += [
            self.chance.choice(known) for _ in range(self.chance.choice((0, 0, 1, 3))) if known
        ]
        if rows and self.chance.random() < 0.3:
            rows.append(self._damaged(self.chance.choice(rows)))
        if self.chance.random() < 0.5:
            self.chance.shuffle(rows)
        by_column = self.chance.random() < 0.4
        self.written += 1
        file = File(f"{kind}s-{self.written}.csv", kind, rows, by_column)
        self.files.append(file)
        return file

    def learn(self, wrong: Row, right: Row | None) -> None:
        """Two people have corrected a row: perhaps a platform sends it again as it was, or as it
        should be.
        """
        kind = "claim" if len(wrong) == 4 else "redemption"
        events = self.events[kind]
        if wrong in events:
            at = events.index(wrong)
            events[at : at + 1] = [right] if right else []
        for row in (wrong, right):
            if row is not None and self.chance.random() < 0.3:
                self.untold[kind].append(row)

    def _damaged(self, row: Row) -> Row:
        place = len(row) - 1 if len(row) == 4 else self.chance.choice((3, 5, 6, 8))
        return (*row[:place], self.chance.choice(DAMAGE), *row[place + 1 :])
