"""The books by the model: what was booked on which day, what stands on which account; each figure also
from the postings, so that the program agrees with itself.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import evening
import listed
import payouts
from city_model import pack_of
from city_rules import DAY, EAST, split
from listed import key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from city_model import Books, Row
    from city_rules import Pack, Rules
    from life import Life
    from seals import Covered

Pair = tuple[str, Any, Any]
GIVEN = {"treasury": 100_000_000}  # the fund that is watched, in fen
SUMS = ("claims", "payments", "refunds", "reversals", "base_fen", "subsidy_fen")
OF_PAYMENT = ("payable", "held", "paid", "clawed_back", "written_off")  # what was payable once
OF_ROUNDS = ("committed", "outstanding", *OF_PAYMENT)
RELEASES = ("round.release", "round.take_back")


class Moved(NamedTuple):
    """What a row moves, of which round and merchant ('': a claim)."""

    round: str
    merchant: str
    parts: dict[str, int]  # by funder, in fen
    sums: dict[str, int]

    @property
    def is_claim(self) -> bool:
        return not self.merchant


class Booked(NamedTuple):
    """A row that was entered, or its reversal: its own day, that on which it is booked, and what it
    moves.
    """

    own: str
    day: str
    moved: Moved


def parts(pack: Pack, before_fen: int, after_fen: int) -> dict[str, int]:
    """What each funder pays more."""
    was = split(pack, before_fen)
    return {name: share - was[name] for name, share in split(pack, after_fen).items()}


def pack_parts(pack: Pack) -> Counter[str]:
    """What one pack can cost each funder."""
    cost: Counter[str] = Counter()
    for face, _ in pack.coupons:
        cost.update(split(pack, face))
    return cost


def moved(books: Books, rules: Rules, row: Row) -> Moved:
    """What a row that stands moves."""
    if len(row) == 4:
        return Moved(row[1], "", dict(pack_parts(pack_of(books, rules, row[0]))), {"claims": 1})
    move = books.moves[row]
    sums = {
        "payments": row[1] == "pay",
        "refunds": row[1] == "refund",
        "base_fen": move.base_fen,
        "subsidy_fen": move.after_fen - move.before_fen,
    }
    shares = parts(pack_of(books, rules, row[2]), move.before_fen, move.after_fen)
    return Moved(books.claims[row[2]][0], row[4], shares, sums)


def booked(life: Life, books: Books) -> Iterator[Booked]:
    """All that stands or was reversed, each where it is booked: a row that is not sealed on its own
    day, or on the first that is open; and the reversals.
    """
    for row in books.facts:
        covered = life.seals.rows.get(key(row))
        yield _booked(life, row, covered, moved(books, life.city.rules, row))
    for each in life.corrections.gone:
        yield _booked(life, each.row, each.covered, each.moved)
        back = {name: -fen for name, fen in each.moved.parts.items()}
        sums = {name: -fen for name, fen in each.moved.sums.items() if name.endswith("_fen")}
        reversal = each.moved._replace(parts=back, sums={**sums, "reversals": 1})
        yield Booked(key(each.row)[-1][:10], each.day, reversal)


def _booked(life: Life, row: Row, covered: Covered | None, moved: Moved) -> Booked:
    own = key(row)[-1][:10]
    return Booked(own, covered.day if covered else max(own, life.seals.first_open), moved)


def pairs(life: Life, books: Books) -> Iterator[Pair]:
    """What the model says, and what the program does."""
    rows = [*booked(life, books)]
    postings = life.do("ledger", "show", "-o", "json", "--limit", "0").data["postings"]
    stands = on_accounts(life)
    sealed = {key(row) for row in books.facts if key(row) in life.seals.rows}
    yield "sealed rows that stand", {*life.seals.rows}, sealed
    yield "batches of sealed rows", *_batches(life)
    yield "sealed days", *_sealed_days(life, rows)
    yield "accounts by their postings", _by_postings(postings), stands
    yield from _funders(stands)
    yield "payable, as it is booked", *_payable(rows, postings)
    yield "claims, as they are booked", *_claimed(rows, postings)
    yield from _rounds(life.city.rules, books, stands, postings)
    yield "payable and paid, by round", payable(rows), _of_payment(stands)
    yield from payouts.pairs(life, books, stands)
    yield "shares of the funders", *_shares(life, books)
    yield from _days(life, books)


def on_accounts(life: Life) -> Counter[Any]:
    """What stands on each account, by funder and round; without those that are empty."""
    accounts = life.do("ledger", "accounts", "-o", "json", "--limit", "0").data["accounts"]
    return Counter(
        {
            (each["funder"], each["round"], each["account"]): each["amount_fen"]
            for each in accounts
            if each["amount_fen"]
        }
    )


def _batches(life: Life) -> tuple[Any, Any]:
    now = listed.batches(life)
    sealed = {each: covered.batch for each, covered in life.seals.rows.items()}
    return sealed, {each: now.get(each) for each in sealed}


def _sealed_days(life: Life, rows: list[Booked]) -> tuple[Any, Any]:
    """The counts and sums of each sealed day."""
    ours = {day: dict.fromkeys(SUMS, 0) for day in life.seals.said}
    for each in rows:
        for name, amount in each.moved.sums.items() if each.day in ours else ():
            ours[each.day][name] += amount
    said = {day: {name: it[name] for name in SUMS} for day, it in life.seals.said.items()}
    return ours, said


# ---------------------------------------------------------------- accounts


def _by_postings(postings: list[Any]) -> Counter[Any]:
    moved: Counter[Any] = Counter()
    for each in postings:
        for way, sign in (("to_account", 1), ("from_account", -1)):
            account = each[way]
            of_round = None if account in ("appropriated", "uncommitted") else each["round"]
            moved[each["funder"], of_round, account] += sign * each["amount_fen"]
    return Counter({place: amount for place, amount in moved.items() if amount})


def _funders(stands: Counter[Any]) -> Iterator[Pair]:
    """All that a funder gave is somewhere."""
    for funder in {place[0] for place in stands}:
        mine = {place: amount for place, amount in stands.items() if place[0] == funder}
        yield f"all accounts of {funder}", 0, sum(mine.values())
        if funder in GIVEN:
            yield f"given by {funder}", -GIVEN[funder], stands[funder, None, "appropriated"]


def payable(rows: Iterable[Booked]) -> Counter[Any]:
    """What was ever payable, by funder and round."""
    owed: Counter[Any] = Counter()
    for each in rows:
        for funder, amount in each.moved.parts.items() if not each.moved.is_claim else ():
            owed[funder, each.moved.round] += amount
    return +owed


def _of_payment(stands: Counter[Any]) -> Counter[Any]:
    sums: Counter[Any] = Counter()
    for place, amount in stands.items():
        sums[place[:2]] += amount if place[2] in OF_PAYMENT else 0
    return +sums


def _payable(rows: list[Booked], postings: list[Any]) -> tuple[Any, Any]:
    """By funder, round, own day and the day of the books."""
    ours: Counter[Any] = Counter()
    for each in rows:
        for funder, amount in each.moved.parts.items() if not each.moved.is_claim else ():
            ours[funder, each.moved.round, each.own, each.day] += amount
    return _not_zero(ours), _moved_to(postings, "payable", "outstanding")


def _claimed(rows: list[Booked], postings: list[Any]) -> tuple[Any, Any]:
    ours: Counter[Any] = Counter()
    for each in rows:
        for funder, amount in each.moved.parts.items() if each.moved.is_claim else ():
            ours[funder, each.moved.round, each.own, each.day] += amount
    of_files = [each for each in postings if each["why"].startswith("claim")]
    return _not_zero(ours), _moved_to(of_files, "outstanding", "committed")


def _moved_to(postings: list[Any], account: str, other: str) -> dict[Any, int]:
    moved: Counter[Any] = Counter()
    for each in postings:
        way = each["from_account"], each["to_account"]
        sign = {(other, account): 1, (account, other): -1}.get(way, 0)
        place = each["funder"], each["round"], each["day"], each["booked_on"]
        moved[place] += sign * each["amount_fen"]
    return _not_zero(moved)


def _not_zero(counted: Counter[Any]) -> dict[Any, int]:
    return {place: amount for place, amount in counted.items() if amount}


def _rounds(
    rules: Rules, books: Books, stands: Counter[Any], postings: list[Any]
) -> Iterator[Pair]:
    """What a round was approved for is unclaimed, outstanding, payable or given up."""
    given_up: Counter[Any] = Counter()
    for each in postings:
        if each["why"] in RELEASES:
            sign = (each["from_account"] in OF_ROUNDS) - (each["to_account"] in OF_ROUNDS)
            given_up[each["funder"], each["round"]] += sign * each["amount_fen"]
    for round_ in rules.rounds:
        for funder, part in pack_parts(round_.pack).items():
            place = funder, round_.code
            here = [stands[(*place, account)] for account in OF_ROUNDS]
            what = f"money of {funder} for {round_.code}"
            yield what, round_.packs * part, sum(here) + given_up[place]
            if not given_up[place]:
                claimed = sum(claim[0] == round_.code for claim in books.claims.values())
                unclaimed = (round_.packs - claimed) * part
                yield f"unclaimed {what}", unclaimed, here[0]


# ---------------------------------------------------------------- what each row moves


def _shares(life: Life, books: Books) -> tuple[Any, Any]:
    """The subsidy of each payment and refund; and treasury's and platform's part of each payment
    with its refunds. A refund goes on where the last one that was judged had ended: how two of them
    share a fen depends on which file came first, what they come to does not.
    """
    ours: Counter[Any] = Counter()
    for row, move in books.moves.items():
        if row in books.facts:
            of = parts(pack_of(books, life.city.rules, row[2]), move.before_fen, move.after_fen)
            amounts = move.after_fen - move.before_fen, of.get("treasury", 0), of.get("shop", 0)
            _add_shares(ours, key(row), row[9] or row[0], amounts)
    theirs: Counter[Any] = Counter()
    for each in listed.redemptions(life):
        amounts = each["subsidy_fen"], each["public_fen"], each["platform_fen"]
        _add_shares(
            theirs,
            listed.redemption_key(each),
            each["refund_of"] or each["transaction_no"],
            amounts,
        )
    return ours, theirs


def _add_shares(to: Counter[Any], row: Any, payment: str, amounts: tuple[int, int, int]) -> None:
    subsidy, treasury, shop = amounts
    to[row] += subsidy
    to[payment, "treasury"] += treasury
    to[payment, "shop"] += shop


def _days(life: Life, books: Books) -> Iterator[Pair]:
    """Every report by day counts on own days, sealed or not; its rows add up to its total."""
    ours: dict[str, Counter[str]] = {}
    for row, move in books.moves.items():
        if row in books.facts:
            of = parts(pack_of(books, life.city.rules, row[2]), move.before_fen, move.after_fen)
            day = ours.setdefault(key(row)[-1][:10], Counter())
            day["redemptions"] += move.payments
            day["base_fen"] += move.base_fen
            day["subsidy_fen"] += of.get("treasury", 0)
            day["platform_fen"] += of.get("shop", 0)
    report = life.do("report", "leverage", "--by", "day", "-o", "json").data
    names = ("redemptions", "base_fen", "subsidy_fen", "platform_fen")
    theirs = {row["key"]: {name: row[name] for name in names} for row in report["rows"]}
    expected = {day: {name: of_day[name] for name in names} for day, of_day in ours.items()}
    yield "leverage by day", _not_empty(expected), _not_empty(theirs)
    for name in names:
        total = sum(each[name] for each in theirs.values())
        yield f"{name} of all days", report["total"][name], total


def _not_empty(days: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    return {day: figures for day, figures in days.items() if any(figures.values())}


# ---------------------------------------------------------------- given up


def released(life: Life) -> Iterator[Pair]:
    """Behind a tick: of a watched fund each round holds what can still be claimed and spent."""
    rules, city = life.city.rules, life.city
    books = evening.model(life, evening.standing(life))
    at = city.now - city.unused_after * DAY
    accounts = life.do("ledger", "accounts", "-o", "json", "--limit", "0").data["accounts"]
    stands = Counter(
        {(each["funder"], each["round"], each["account"]): each["amount_fen"] for each in accounts}
    )
    states = {each["round"]: each["state"] for each in _list_rounds(life)}
    for round_ in rules.rounds:
        mine = {no: claim for no, claim in books.claims.items() if claim[0] == round_.code}
        ends = {no: round_.ends_at(claim[2]) for no, claim in mine.items()}
        last = max((*ends.values(), *(until for _, until in round_.later_ends)), default=at)
        by = at if last <= at else at - (at + EAST) % DAY
        alive = {no for no, end in ends.items() if end > by}
        kept = sum(
            split(round_.pack, each.kept_fen).get("treasury", 0)
            for each in books.payments.values()
            if each.claim_no in alive
        )
        part = pack_parts(round_.pack)["treasury"]
        is_over = states[round_.code] == "closed" and round_.closes_at <= at
        unclaimed = 0 if is_over else (round_.packs - len(mine)) * part
        for account, expected in (
            ("committed", unclaimed),
            ("outstanding", len(alive) * part - kept),
        ):
            found = stands["treasury", round_.code, account]
            yield f"{account} of {round_.code} when unused money is given up", expected, found


def _list_rounds(life: Life) -> list[Any]:
    said = life.do("round", "list", "-o", "json").data["rounds"]
    return list(said)
