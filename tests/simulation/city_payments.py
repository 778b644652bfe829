"""What the city owes its merchants, holds back, has sent, paid and is owed, by hand: written from the
published rules, one due after the other, without a database and with nothing of the program. Amounts
in fen, days as `2020-03-27`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PUBLIC = "treasury"  # the funders that are paid for where nobody names another
FUNDERS = ("treasury", "shop")
WAITING, GONE = ("sent", "accepted"), ("rejected", "returned", "dropped")
BEFORE_EXPORT = ("draft", "verified", "approved")
CHANGED = "account_changed"
ACCOUNTS = ("payable", "held", "paid", "clawed_back", "written_off")


class Terms(NamedTuple):
    """How the city pays. `every`: what its programme says, '' where it says nothing; a due cools off
    so many days, a public list stands so many; a new account is tried with `first_fen`. `two_from`:
    from this amount on two people approve (0: never).
    """

    every: str = ""
    pattern: str = "merchant_advance"
    cooling: int = 0
    notice: int = 0
    first_fen: int = 0
    two_from: int = 0
    bank: str = "voucher"


class Fact(NamedTuple):
    """What was booked on a day: so much more (or less) of a funder's money to a merchant."""

    merchant: str
    round: str
    funder: str
    fen: int
    day: str


@dataclass(eq=False)
class Due:
    merchant: str
    round: str
    funder: str
    fen: int
    after: str
    up_to: str
    is_booked: bool = False
    hold: int = 0
    transfer: Transfer | None = None


@dataclass(eq=False)
class Transfer:
    merchant: str
    fen: int
    is_first: bool
    state: str = "planned"
    number: str = ""  # the bank's file says it
    account: str = ""
    came_back: list[Due] = field(default_factory=list)  # what it was to pay


@dataclass(eq=False)
class Settlement:
    funder: str
    up_to: str
    made_by: str
    notice: int
    transfers: list[Transfer]
    state: str = "draft"
    noticed_on: str = ""
    verified_by: str = ""
    verified_fen: int = 0

    @property
    def planned(self) -> list[Transfer]:
        return [each for each in self.transfers if each.state == "planned"]


@dataclass(eq=False)
class Hold:
    merchant: str
    payment: tuple[object, ...] | None
    reason: str
    by: str
    is_on: bool = True


def day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


def by_number(code: str) -> int:
    """Merchants and rounds in the order in which they came."""
    return int(code[1:])


@dataclass
class Payments:
    """The dues of all merchants, and what has become of them."""

    terms: Terms
    taken: str = ""  # the last day of which all is taken up
    settled: str = ""  # the last day up to which a run was for everybody
    dues: list[Due] = field(default_factory=list)
    settlements: list[Settlement] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    write_offs: dict[int, tuple[str, str, int]] = field(default_factory=dict)
    back: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # account, funder, round

    # ------------------------------------------------------------ what is owed

    def is_held(self, due: Due) -> bool:
        if due.hold and self.holds[due.hold - 1].is_on:
            return True
        return any(
            each.is_on and each.payment is None and each.merchant == due.merchant
            for each in self.holds
        )

    def open_dues(self) -> list[Due]:
        return [due for due in self.dues if due.transfer is None]

    def transfers(self) -> Iterator[Transfer]:
        for settlement in self.settlements:
            yield from settlement.transfers

    def take_up(self, facts: Iterable[Fact], up_to: str) -> None:
        """What was booked up to a day, and not before, is owed."""
        if up_to <= self.taken:
            return
        sums: Counter[tuple[str, str, str, str]] = Counter()
        for each in facts:
            if self.taken < each.day <= up_to:
                sums[each.day, each.merchant, each.round, each.funder] += each.fen
        order = sorted(
            sums,
            key=lambda it: (it[0], by_number(it[1]), by_number(it[2]), FUNDERS.index(it[3])),
        )
        self.dues += [
            Due(*place[1:], sums[place], day_before(place[0]), place[0], is_booked=True)
            for place in order
            if sums[place]
        ]
        self.taken = up_to

    def run(
        self,
        up_to: str,
        by: str,
        accounts: dict[str, str],
        *,
        funder: str = PUBLIC,
        merchant: str | None = None,
        round_: str | None = None,
        first_fen: int | None = None,
    ) -> Settlement | None:
        """The settlement that a run makes; None: nobody can be paid."""
        first = self.terms.first_fen if first_fen is None else first_fen
        made: list[Transfer] = []
        for shop in sorted(accounts, key=by_number):
            mine = [
                due
                for due in self.open_dues()
                if (due.merchant, due.funder) == (shop, funder)
                and due.up_to <= up_to
                and merchant in (None, shop)
                and round_ in (None, due.round)
                and not self.is_held(due)
            ]
            fen = sum(due.fen for due in mine)
            account = accounts[shop]
            if fen > 0 and account and not self._is_tried(shop, account):
                made.append(self._pay(shop, account, mine, first))
        settlement = Settlement(funder, up_to, by, self.terms.notice, made) if made else None
        if settlement is not None:
            self.settlements.append(settlement)
        self.close_explained()
        return settlement

    def _is_tried(self, shop: str, account: str) -> bool:
        """Whether a small payment to the account is on its way."""
        return any(
            each.is_first
            and each.merchant == shop
            and (each.state == "planned" or (each.state in WAITING and each.account == account))
            for each in self.transfers()
        )

    def _pay(self, shop: str, account: str, mine: list[Due], first: int) -> Transfer:
        fen = sum(due.fen for due in mine)
        is_known = any(
            (each.merchant, each.account, each.state) == (shop, account, "paid")
            for each in self.transfers()
        )
        if not first or is_known or first >= fen:
            transfer = Transfer(shop, fen, is_first=False)
            for due in mine:
                due.transfer = transfer
            return transfer
        transfer = Transfer(shop, first, is_first=True)
        of = max(mine, key=lambda due: due.fen)  # the first of the largest
        where = (of.merchant, of.round, of.funder)
        self.dues.append(Due(*where, first, of.after, of.up_to, transfer=transfer))
        self.dues.append(Due(*where, -first, of.after, of.up_to))
        return transfer

    # ------------------------------------------------------------ what becomes of it

    def end(self, transfer: Transfer, state: str) -> None:
        """It has come to a state; what came back is owed again."""
        transfer.state = state
        if state in GONE:
            for due in self.dues:
                if due.transfer is transfer:
                    due.transfer = None
                    if state != "dropped":
                        transfer.came_back.append(due)

    def close_explained(self) -> None:
        """A settlement is closed when nothing that came back of it is owed any more."""
        for settlement in self.settlements:
            if settlement.state == "paid":
                back = [due for each in settlement.transfers for due in each.came_back]
                if not any(self._is_owed(due) for due in back):
                    settlement.state = "closed"

    def _is_owed(self, due: Due) -> bool:
        if due.transfer is not None:
            return due.transfer.state != "paid"
        place = (due.merchant, due.funder)
        return sum(o.fen for o in self.open_dues() if (o.merchant, o.funder) == place) > 0

    def drop(self, settlement: Settlement, merchants: Iterable[str] | None = None) -> None:
        """What is planned for these merchants (None: for all) is not paid."""
        for each in settlement.planned:
            if merchants is None or each.merchant in merchants:
                self.end(each, "dropped")

    def hear(self, settlement: Settlement, transfer: Transfer, status: str) -> bool:
        """Whether the bank may say so of it, as it stands; what it says is then so."""
        if status == transfer.state or (status, transfer.state) == ("accepted", "paid"):
            return True
        from_ = ("paid",) if status == "returned" else WAITING
        if transfer.state not in from_:
            return False
        self.end(transfer, status)
        said = [each.state for each in settlement.transfers if each.state != "dropped"]
        if any(state in ("planned", *WAITING) for state in said):
            settlement.state = "exported"
        else:
            settlement.state = "closed" if {*said} == {"paid"} else "paid"
        return True

    def hold(
        self,
        merchant: str,
        by: str,
        reason: str,
        payment: tuple[object, ...] | None = None,
        parts: dict[str, int] | None = None,
        round_: str = "",
        booked: str = "",
    ) -> None:
        """A merchant, or one payment at it (`parts`: its money by funder), is not paid for now."""
        for settlement in self.settlements:
            if settlement.state in BEFORE_EXPORT:
                self.drop(settlement, (merchant,))
        self.holds.append(Hold(merchant, payment, reason, by))
        for funder, fen in (parts or {}).items():
            if fen:
                due = Due(merchant, round_, funder, fen, "", booked, hold=len(self.holds))
                self.dues += [due, Due(merchant, round_, funder, -fen, "", booked)]

    def change_account(self, merchant: str, by: str) -> None:
        """A registry has brought another account: nobody is paid to it until another person has
        looked; a hold that stands for it already goes on.
        """
        is_on = any(
            each.is_on and (each.merchant, each.reason) == (merchant, CHANGED)
            for each in self.holds
        )
        if not is_on:
            self.hold(merchant, by, CHANGED)
        for settlement in self.settlements:
            self.drop(settlement, (merchant,))

    def is_paid(self, merchant: str, payment: tuple[object, ...], round_: str, booked: str) -> bool:
        """Whether the bank has the transfer of a payment, or has paid it."""
        mine = [at for at, each in enumerate(self.holds, start=1) if each.payment == payment]
        for due in self.dues:
            if (due.merchant, due.round) == (merchant, round_):
                is_it = due.hold == mine[-1] if mine else due.is_booked
                is_it = is_it and (bool(mine) or due.after < booked <= due.up_to)
                if is_it and due.transfer and due.transfer.state in (*WAITING, "paid"):
                    return True
        return False

    def debts(self) -> dict[tuple[str, str], int]:
        """What each merchant owes each funder."""
        sums: Counter[tuple[str, str]] = Counter()
        for due in self.open_dues():
            sums[due.merchant, due.funder] += due.fen
        return {place: -fen for place, fen in sums.items() if fen < 0}

    def lessen(self, merchant: str, funder: str, fen: int, account: str) -> None:
        """So much of a debt is paid back, or given up: first where most is owed."""
        rounds: Counter[str] = Counter()
        last: dict[str, str] = {}
        for due in self.open_dues():
            if (due.merchant, due.funder) == (merchant, funder):
                rounds[due.round] += due.fen
                last[due.round] = max(last.get(due.round, ""), due.up_to)
        for code in sorted(rounds, key=lambda code: (rounds[code], by_number(code))):
            part = min(fen, max(0, -rounds[code]))
            if part:
                self.dues.append(Due(merchant, code, funder, part, "", last[code]))
                self.back[account, funder, code] += part
                fen -= part
        self.close_explained()

    # ------------------------------------------------------------ figures

    def accounts(self, booked: Counter[tuple[str, str]]) -> dict[tuple[str, str, str], int]:
        """What stands on the accounts of payment, by funder, round and account; `booked`: what was
        ever payable, by funder and round, also on days that are not signed.
        """
        sums: Counter[tuple[str, str, str]] = Counter()
        for (funder, code), fen in booked.items():
            sums[funder, code, "payable"] += fen
        for due in self.dues:
            where = (due.funder, due.round)
            if due.transfer is not None and due.transfer.state == "paid":
                sums[(*where, "paid")] += due.fen
                sums[(*where, "payable")] -= due.fen
            elif due.transfer is None and self.is_held(due):
                sums[(*where, "held")] += due.fen
                sums[(*where, "payable")] -= due.fen
        for (account, funder, code), fen in self.back.items():
            sums[funder, code, account] -= fen
            sums[funder, code, "payable"] += fen
        return {place: fen for place, fen in sums.items() if fen}

    def unpaid(self, funder: str = PUBLIC) -> dict[str, Counter[str]]:
        """By merchant: what is held, on its way, and neither."""
        found: dict[str, Counter[str]] = {}
        for due in self.dues:
            if due.funder == funder and (due.transfer is None or due.transfer.state != "paid"):
                what = "sent" if due.transfer else "held" if self.is_held(due) else "open"
                found.setdefault(due.merchant, Counter())[what] += due.fen
        return not_zero(found)

    def listed(self) -> dict[int, tuple[object, ...]]:
        """Each settlement as it is listed."""
        found: dict[int, tuple[object, ...]] = {}
        for number, each in enumerate(self.settlements, start=1):
            paid = [one.fen for one in each.transfers if one.state == "paid"]
            back = [one.fen for one in each.transfers if one.state in GONE]
            counts = (len(each.transfers), len(paid), len(back))
            sums = (sum(one.fen for one in each.transfers), sum(paid), sum(back))
            found[number] = (each.funder, each.state, each.up_to, each.made_by, *counts, *sums)
        return found


def not_zero(found: dict[str, Counter[str]]) -> dict[str, Counter[str]]:
    """Without what comes to nothing."""
    kept = {
        place: Counter({what: fen for what, fen in sums.items() if fen})
        for place, sums in found.items()
    }
    return {place: sums for place, sums in kept.items() if sums}
