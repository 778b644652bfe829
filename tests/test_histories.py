"""Histories by chance: files in time and late, retries, limits that change, money that is released
and given to the next round, refunds, undone files; days that are signed and paid, banks that pay, reject
and give back, holds. After each step the books hold.

Set HISTORIES to try more of them; the slow test tries longer ones.
"""

from __future__ import annotations

import csv
import os
from collections import Counter, defaultdict
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import towns
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from vouchercli.errors import VoucherError
from vouchercli.ops.intake import batches
from vouchercli.ops.intake.claims import import_claims
from vouchercli.ops.intake.redemptions import import_redemptions
from vouchercli.ops.money import days
from vouchercli.ops.rounds import approvals, drafts
from vouchercli.ops.rounds import rounds as round_commands
from vouchercli.ops.schedule import tick as clock
from vouchercli.ops.settlements import answers, exports, holds, runs
from vouchercli.ops.settlements import verdicts as verdict_desk
from vouchercli.ops.setup import programme_changes, programmes
from vouchercli.rules import times
from vouchercli.store import checks, ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from vouchercli.session import Session

START = towns.at(towns.OPENS)
STAFF = {"mei": "maker", "lin": "checker", "wu": "finance"}
SHOPS = (
    "merchant_no,name,account_name,account_no,bank\n"
    "M0,one,合成一店,6228480000000000011,合成银行\n"
    "M1,two,合成二店,6228480000000000029,合成银行\n"
)
PAYER = "{name: 合成财政局, account_no: '9999990000000000001', bank: 合成银行}"
ANSWERS = "transfer_no,status,amount,paid_on\n"
PACK_FEN = {"treasury": 1200, "district": 800}  # two coupons of 10 yuan, shared 60 to 40
STAYS = {"money": {"full": "returns", "late": "stays", "partial": "stays"}}
TOWNS: tuple[tuple[Any, str], ...] = (
    ("full_restores", "pool"),
    ("restores_once", "next_round"),
    ("pro_rata", "treasury"),
    (STAYS, "pool"),
)
LIMITS = {"packs_per_resident_per_round": 2, "vouchers_per_merchant_per_day": 2}


def document(policy: Any, unused: str, **limits: int) -> dict[str, Any]:
    """The programme: money for six packs."""
    return towns.programme(
        funds={"treasury": "72.00", "district": "48.00"},
        staff=STAFF,
        refunds=policy,
        unused=unused,
        limits=LIMITS | limits,
    )


def make(voucher: Any, policy: Any, unused: str) -> None:
    """Round r0 of four packs is open for two days, its vouchers are valid for two."""
    towns.build(
        voucher,
        document(policy, unused),
        towns.pack(
            "pack",
            towns.coupon("10", "40", 2),
            validity={"days_after_claim": 2},
            funding={"treasury": "60%", "district": "40%"},
        ),
        merchants=SHOPS,
    )
    towns.make_round(voucher, "r0", packs=4, closes=towns.CLOSES, state="open")


# ---------------------------------------------------------------- what may happen

# its number, its round, its resident, hours after the opening of the round
CLAIM_ROWS = st.lists(
    st.tuples(
        st.integers(0, 11), st.sampled_from([0, 0, 1, 2]), st.integers(0, 5), st.integers(0, 47)
    ),
    min_size=1,
    max_size=6,
)
# its number, which of the claims that have come, coupon, merchant, hours after the claim
PAYMENT_ROWS = st.lists(
    st.tuples(
        st.just("pay"),
        st.integers(0, 11),
        st.integers(0, 11),
        st.integers(1, 2),
        st.integers(0, 1),
        st.sampled_from([0, 1, 5, 20, 30, 47, 50]),
    ),
    min_size=1,
    max_size=5,
)
# its number, which of the payments that have come, yuan of its 40 and of its 10, hours after it
REFUND_ROWS = st.lists(
    st.tuples(
        st.just("refund"),
        st.integers(0, 5),
        st.integers(0, 11),
        st.sampled_from([(40, 10), (40, 10), (40, 0), (20, 5), (20, 0), (20, 10)]),
        st.sampled_from([0, 1, 5, 30, 60]),
    ),
    min_size=1,
    max_size=3,
)
VERDICTS = st.lists(st.sampled_from(["paid", "paid", "paid", "rejected"]), min_size=4, max_size=4)
STEPS = st.one_of(
    st.tuples(st.just("claims"), CLAIM_ROWS),
    st.tuples(st.just("payments"), PAYMENT_ROWS),
    st.tuples(st.just("payments"), PAYMENT_ROWS),
    st.tuples(st.just("payments"), REFUND_ROWS),
    st.tuples(st.just("payments"), REFUND_ROWS),
    st.tuples(st.just("retry"), st.integers(0, 11), st.booleans()),
    st.tuples(st.just("retry"), st.integers(0, 11), st.just(True)),
    st.tuples(st.just("limits"), st.integers(1, 3), st.sampled_from([None, 1, 3])),
    st.tuples(st.just("tick")),
    st.tuples(st.just("round"), st.integers(1, 4)),
    st.tuples(st.just("undo"), st.integers(0, 11)),
    st.tuples(st.just("pay out"), VERDICTS),
    st.tuples(st.just("pay out"), VERDICTS),
    st.tuples(st.just("give back"), st.integers(0, 5)),
    st.tuples(st.just("hold"), st.integers(0, 1)),
    st.tuples(st.just("release")),
)
# each step, and how many hours after the one before it
HISTORY = st.builds(
    lambda first, later: [(0, ("claims", first)), *later],
    CLAIM_ROWS,
    st.lists(st.tuples(st.sampled_from([0, 0, 1, 6, 20, 30, 60]), STEPS), min_size=5, max_size=14),
)


def choose(place: int, known: dict[int, Any], standing: set[int]) -> tuple[int, Any]:
    """One of those that have come; of two in three places one that stands, if any does."""
    chosen = [each for each in known.items() if each[0] in standing] if place % 3 else []
    chosen = chosen or [*known.items()]
    return chosen[place % len(chosen)]


class Town:
    """A town, its moment, and what has come in."""

    def __init__(self, folder: Path, policy: Any, unused: str) -> None:
        built = partial(make, policy=policy, unused=unused)
        self.session = towns.in_folder(
            folder, ("histories", str(policy), unused), towns.OPENS, built
        )
        self.folder, self.policy, self.unused = folder, policy, unused
        self.hours = 10
        self.files = 0
        # rounds with their opening, claims and payments with their moment, as they first came
        self.rounds = [("r0", 0)]
        self.claimed: dict[int, int] = {}
        self.paid: dict[int, tuple[str, int]] = {}
        # what the bank has paid: the transfer, its merchant, its funder, fen
        self.bank: dict[str, tuple[str, str, int]] = {}
        payers = "".join(f"{funder}: {PAYER}\n" for funder in PACK_FEN)
        (folder / "payers.yaml").write_text(payers, "utf-8")

    def by(self, actor: str = "mei") -> Session:
        """A session of that person, now."""
        return self.session._replace(actor=actor, now=START + self.hours * 3600)

    def written(self, hours: int) -> str:
        return times.shown(START + hours * 3600, towns.ZONE)

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.session.db.execute(statement, values)]

    # ------------------------------------------------------------ steps

    def file(self, head: str, rows: list[str]) -> str:
        self.files += 1
        # each file has a blank more: the same rows twice are two files
        text = head + "".join(f"{row}\n" for row in rows) + "\n" * self.files
        return towns.write(self.folder / f"{self.files}.csv", text)

    def claims(self, rows: list[tuple[int, int, int, int]]) -> None:
        lines = []
        for no, place, one, hours in rows:
            code, opened = self.rounds[place % len(self.rounds)]
            at = min(opened + hours, self.hours)
            self.claimed.setdefault(no, at)
            lines.append(f"C{no},{code},res{one},{self.written(at)}")
        import_claims(self.by(), self.file(towns.CLAIMS, lines))

    def pay(self, rows: list[tuple[Any, ...]]) -> None:
        lines = []
        for kind, number, place, *row in rows:
            if kind == "pay":
                coupon, shop, hours = row
                claim, claimed = choose(place, self.claimed, self.standing())
                at = min(claimed + hours, self.hours)
                self.paid.setdefault(number, (f"C{claim},{coupon},M{shop}", at))
                cells = f"C{claim},{coupon},M{shop},{self.written(at)},40,0,10,"
                lines.append(f"T{number},pay,{cells}")
            else:
                (yuan, subsidy), hours = row
                of, (where, paid) = choose(place, self.paid or {99: ("C0,1,M0", 0)}, set())
                at = min(paid + hours, self.hours)
                cells = f"{where},{self.written(at)},{yuan},0,{subsidy},T{of}"
                lines.append(f"F{number},refund,{cells}")
        import_redemptions(self.by(), self.file(towns.PAYMENTS, lines))

    def standing(self) -> set[int]:
        """The numbers of the claims that stand."""
        return {int(number[1:]) for (number,) in self.ask("SELECT claim_no FROM claims")}

    def retry(self, place: int, is_sure: bool) -> None:
        """Retry a batch until nothing changes. What gives way may free what others wait for: only
        after that has a second retry anything left to do.
        """
        batch = self.batch(place, has_rejects=True)
        moved = batches.retry_batch(self.by(), batch, is_sure=is_sure).data["moved"]
        for _ in range(5):
            before = self.memory()
            again = batches.retry_batch(self.by(), batch, is_sure=True).data
            if self.memory() == before:
                return
            assert moved, "a second retry changed something, although nothing had given way"
            moved = again["moved"]
        pytest.fail("there is no end of retries")

    def change_limits(self, a_day: int, packs: int | None) -> None:
        limits = {"vouchers_per_merchant_per_day": a_day}
        limits |= {} if packs is None else {"packs_per_resident": packs}
        path = towns.write(
            self.folder / "programme.yaml", document(self.policy, self.unused, **limits)
        )
        programmes.load_programme(self.by(), path)
        programme_changes.approve_change(self.by("lin"), None)

    def tick(self) -> None:
        clock.tick(self.by(), clock.choose_places(self.session.path, None, None, None))

    def next_round(self, packs: int) -> None:
        code = f"r{len(self.ask('SELECT 1 FROM rounds'))}"
        at = START + self.hours * 3600
        terms = dict.fromkeys((*drafts.COLUMNS, "template", "group", "mode"))
        terms |= {"template": "pack", "packs": packs, "opens_at": at, "closes_at": at + 30 * 3600}
        drafts.create_round(self.by(), code, terms)
        approvals.submit_round(self.by(), code)
        approvals.approve_round(self.by("lin"), code)
        round_commands.open_round(self.by(), code)
        self.rounds.append((code, self.hours))

    def undo(self, place: int) -> None:
        batches.undo_batch(self.by(), self.batch(place), is_sure=True)

    def pay_out(self, verdicts: list[str]) -> None:
        """All days that are over are sealed, signed and settled, and the bank says what it did."""
        yesterday = times.day_of(START + self.hours * 3600 - 86_400, towns.ZONE)
        days.close_day(self.by(), yesterday)
        days.sign_day(self.by("wu"), yesterday)
        for each in runs.run(self.by(), yesterday).data["settlements"]:
            number = each["settlement"]
            verdict_desk.verify(self.by(), number, "agrees with the bill")
            verdict_desk.approve(self.by("lin"), number)
            path = self.folder / f"pay-{number}.csv"
            exports.export(self.by("wu"), number, "voucher", path)
            with path.open(encoding="utf-8-sig", newline="") as file:
                asked = [*csv.DictReader(file)]
            said = [*zip(asked, verdicts, strict=False)]
            self.hear([(row["transfer_no"], verdict, row["amount"]) for row, verdict in said])
            for row, verdict in said:
                if verdict == "paid":
                    merchant = "M0" if row["account_no"].endswith("11") else "M1"
                    fen = int(row["amount"].replace(".", ""))
                    self.bank[row["transfer_no"]] = (merchant, each["funder"], fen)

    def hear(self, said: list[tuple[str, str, str]]) -> None:
        """A file of the bank: every transfer of it, by what the bank says."""
        rows = [f"{number},{verdict},{amount},2020-04-30" for number, verdict, amount in said]
        outcome = answers.hear(self.by("wu"), Path(self.file(ANSWERS, rows)), "voucher")
        assert outcome.data["refused"] == 0, outcome.problems

    def give_back(self, place: int) -> None:
        """What the bank has paid comes back."""
        if self.bank:
            number = sorted(self.bank)[place % len(self.bank)]
            self.hear([(number, "returned", f"{self.bank.pop(number)[2] / 100:.2f}")])

    def hold(self, shop: int) -> None:
        about = {"reason": "disputed", "evidence": "letter 7"}
        holds.hold(self.by(), merchant=f"M{shop}", **about)

    def release(self) -> None:
        for (number,) in self.ask("SELECT hold_id FROM holds WHERE released_at IS NULL"):
            holds.release(self.by("lin"), number, "nothing was found")

    def batch(self, place: int, *, has_rejects: bool = False) -> int:
        """A batch of claims or payments; a refused step where there is none."""
        known = self.ask(REFUSED if has_rejects else FILES)
        if not known:
            raise VoucherError("unknown_batch", "there is none")
        return int(known[place % len(known)][0])

    def do(self, step: tuple[Any, ...]) -> None:
        """One step; what the program refuses changes nothing."""
        verb, *values = step
        verbs: dict[str, Callable[..., None]] = {
            "claims": self.claims,
            "payments": self.pay,
            "retry": self.retry,
            "limits": self.change_limits,
            "tick": self.tick,
            "round": self.next_round,
            "undo": self.undo,
            "pay out": self.pay_out,
            "give back": self.give_back,
            "hold": self.hold,
            "release": self.release,
        }
        try:
            verbs[verb](*values)
        except VoucherError as refused:
            # what nobody can pay is refused row by row
            assert refused.code != "fund_short" or verb in ("round", "undo", "limits"), step

    # ------------------------------------------------------------ what is there

    def memory(self) -> dict[str, list[tuple[Any, ...]]]:
        """All facts, balances and totals, and which rows are rejected; not under which key a fact is
        kept, nor for what a row is rejected.
        """
        return {name: self.ask(statement) for name, statement in MEMORY.items()}

    def facts(self) -> Facts:
        return Facts(
            {row[0]: Claim(*row) for row in self.ask(CLAIMS)},
            {(row[0], row[1]): Fact(*row) for row in self.ask(FACTS)},
        )


class Claim(NamedTuple):
    claim_no: str
    round_id: int
    claimed_at: int
    batch: int
    line: int


class Fact(NamedTuple):
    number: str
    kind: str
    claim_no: str
    coupon_no: int
    paid_at: int
    batch: int
    line: int
    refund_of: str | None


class Facts(NamedTuple):
    claims: dict[str, Claim]
    payments: dict[tuple[str, str], Fact]


FILES = "SELECT batch_id FROM batches WHERE kind <> 'merchants' AND state = 'done'"
REFUSED = FILES + " AND rejected > 0"
CLAIMS = "SELECT claim_no, round_id, claimed_at, batch_id, line FROM claims"
FACTS = """
SELECT f.transaction_no, f.kind, c.claim_no, f.coupon_no, f.paid_at, f.batch_id, f.line,
    p.transaction_no
FROM redemption_facts f JOIN claims c ON c.claim_id = f.claim_id
    LEFT JOIN redemptions p ON p.redemption_id = f.refund_of
"""


BOOKED = """
SELECT m.merchant_no, f.funder, p.amount_fen
FROM redemptions x JOIN split_parts p USING (split_id) JOIN funders f USING (funder_id)
JOIN merchants m USING (merchant_id)
WHERE EXISTS (SELECT 1 FROM taken_days t
    WHERE x.redemption_id <= t.last_redemption_id AND x.day <= t.day)
"""
NOT_PAID = """
SELECT m.merchant_no, f.funder, d.amount_fen
FROM dues d JOIN funders f USING (funder_id) JOIN merchants m USING (merchant_id)
LEFT JOIN transfers t USING (transfer_id) WHERE t.state IS NOT 'paid'
"""
MEMORY = {
    "claims": CLAIMS + " ORDER BY 1",
    "facts": FACTS + " ORDER BY 1, 2",
    "rejects": "SELECT batch_id, line FROM rejects ORDER BY 1, 2",
    "rounds": "SELECT round, state, packs, claimed, released FROM rounds ORDER BY 1",
    "balances": "SELECT * FROM balances ORDER BY 1, 2",
    "totals": "SELECT * FROM group_totals ORDER BY 1, 2, 3, 4, 5",
}


# ---------------------------------------------------------------- what always holds


def books_hold(town: Town) -> None:
    """Everything that `voucher check` proves, and no fen twice: what was given is uncommitted, held
    by rounds or returned, and each round has the money of what it may still have to pay.
    """
    for name, check in checks.CHECKS.items():
        assert check(town.session.db) == [], name
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    held: dict[tuple[str, int], int] = {}
    for account in ledger.ACCOUNTS:
        for funder, round_id, fen in town.ask(
            f"SELECT f.funder, round_id, b.{account}_fen FROM balances b JOIN funders f"
            " USING (funder_id)"
        ):
            sums[funder][account] += fen
            if round_id and account not in ("appropriated", "uncommitted", "returned"):
                held[funder, round_id] = held.get((funder, round_id), 0) + fen
    given_fen = dict(town.ask("SELECT funder, amount_fen FROM funders"))
    for funder, accounts in sums.items():
        given = accounts.pop("appropriated")
        assert -given == given_fen[funder] == sum(accounts.values()), (funder, accounts)
        promised_fen = accounts.pop("committed") + accounts.pop("outstanding")
        # a refund of what was paid is owed back: it is less than nothing until the next payment
        paid_fen = sum(accounts.pop(name) for name in ("payable", "held", "paid"))
        assert paid_fen >= 0
        assert promised_fen >= 0 and all(fen >= 0 for fen in accounts.values()), (funder, accounts)
    for (funder, round_id), fen in held.items():
        assert fen >= promised(town, funder, round_id), (funder, round_id)


def promised(town: Town, funder: str, round_id: int) -> int:
    """What a round may still have to pay and has paid, counted from the facts: whole packs that
    are alive or have a seat, and what was paid on the vouchers that have expired.
    """
    now = START + town.hours * 3600
    ((state, seats, claimed),) = town.ask(
        "SELECT state, packs - released, claimed FROM rounds WHERE round_id = ?", round_id
    )
    if state in ("draft", "submitted", "cancelled"):
        return 0
    ((alive,),) = town.ask(
        "SELECT count(*) FROM claims WHERE round_id = ? AND expires_at > ?", round_id, now
    )
    ((paid,),) = town.ask(
        "SELECT ifnull(sum(p.amount_fen), 0) FROM redemptions x JOIN claims c USING (claim_id)"
        " JOIN split_parts p USING (split_id) JOIN funders f USING (funder_id)"
        " WHERE c.round_id = ? AND c.expires_at <= ? AND f.funder = ?",
        round_id,
        now,
        funder,
    )
    return int((alive + seats - claimed) * PACK_FEN[funder] + paid)


def paid_once(town: Town) -> None:
    """What was booked on days that were taken up is what the bank has paid and what it has not: no
    payment is lost, and none is paid twice.
    """
    owed: Counter[tuple[str, str]] = Counter()
    for merchant, funder, fen in town.ask(BOOKED):
        owed[merchant, funder] += fen
    for merchant, funder, fen in town.bank.values():
        owed[merchant, funder] -= fen
    for merchant, funder, fen in town.ask(NOT_PAID):
        owed[merchant, funder] -= fen
    assert not any(owed.values()), owed


def own_is_positive(town: Town) -> None:
    """No payment, with its refunds, has more subsidy than sale; what stays stands apart."""
    for number, base, subsidy, stays in town.ask("""
        SELECT max(CASE kind WHEN 'pay' THEN transaction_no END), sum(base_fen),
            sum(public_fen + platform_fen + match_fen), sum(stays_fen)
        FROM redemption_facts GROUP BY ifnull(refund_of, redemption_id)
    """):
        assert base >= subsidy >= 0, (number, base, subsidy)
        assert stays >= 0


def gone_for_a_reason(before: Facts, after: Facts, verb: str, town: Town) -> None:
    """What stood leaves only with its file, or at a retry for an earlier row of its voucher,
    number or full round, or with the fact that it rests on.
    """
    if verb == "undo":
        return
    gone_claims = [no for no, each in before.claims.items() if after.claims.get(no) != each]
    gone = [key for key, each in before.payments.items() if after.payments.get(key) != each]
    if verb != "retry":
        assert (gone_claims, gone) == ([], []), verb
    for no in gone_claims:
        each = before.claims[no]
        assert is_claim_displaced(each, before, after, town), each
    lost = {before.payments[key] for key in gone}
    for each in lost:
        assert each.claim_no in gone_claims or is_displaced(each, lost, before, after), each


def is_claim_displaced(each: Claim, before: Facts, after: Facts, town: Town) -> bool:
    same = after.claims.get(each.claim_no)
    if same is not None and same.claimed_at < each.claimed_at:
        return True
    of_round = [one for one in after.claims.values() if one.round_id == each.round_id]
    ((seats,),) = town.ask("SELECT packs - released FROM rounds WHERE round_id = ?", each.round_id)
    new = [one for one in of_round if before.claims.get(one.claim_no) != one]
    return len(of_round) == seats and any(one.claimed_at < each.claimed_at for one in new)


def is_displaced(each: Fact, lost: set[Fact], before: Facts, after: Facts) -> bool:
    new = [one for key, one in after.payments.items() if before.payments.get(key) != one]
    same_number = [one for one in new if (one.number, one.kind) == (each.number, each.kind)]
    voucher = (each.claim_no, each.coupon_no)
    same_voucher = [one for one in new if (one.claim_no, one.coupon_no) == voucher]
    rests_on = [
        one
        for one in lost
        if one != each
        and (
            (one.kind == "pay" and one.number == each.refund_of)
            or (one.claim_no, one.coupon_no) == voucher
        )
    ]
    return any(one.paid_at < each.paid_at for one in (*same_number, *same_voucher)) or bool(
        rests_on
    )


def run(folder: Path, place: tuple[Any, str], history: list[Any]) -> int:
    """A history in a town of its own, with all that holds looked at after each step; how many
    steps held.
    """
    town = Town(folder, *place)
    with closing(town.session.db):
        for hours, step in history:
            town.hours += hours
            before = town.facts()
            town.do(step)
            books_hold(town)
            paid_once(town)
            own_is_positive(town)
            gone_for_a_reason(before, town.facts(), step[0], town)
    return len(history)


TRIED = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)


@settings(TRIED, max_examples=int(os.environ.get("HISTORIES", "5")))
@given(place=st.sampled_from(TOWNS), history=HISTORY)
def test_the_books_hold_after_each_step(place: tuple[Any, str], history: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        assert run(Path(folder), place, history) == len(history)


def test_a_claim_that_gives_way_in_another_round_leaves_no_seat_without_money(
    tmp_path: Path,
) -> None:
    """C1 of r0 has expired and its money was released, when an earlier C1 of r1 is judged again."""
    history = [
        (0, ("round", 2)),
        (50, ("claims", [(1, 0, 0, 40)])),
        (10, ("claims", [(1, 1, 1, 10)])),
        (60, ("tick",)),
        (0, ("retry", 1, True)),
    ]
    assert run(tmp_path, TOWNS[0], history) == 5
    rounds = towns.ask(tmp_path, "SELECT round, claimed, released FROM rounds ORDER BY round")
    assert rounds == [("r0", 0, 4), ("r1", 1, 1)]


def test_what_comes_back_from_the_bank_is_paid_again_and_a_refund_is_taken_back(
    tmp_path: Path,
) -> None:
    verdicts = ["paid"] * 4
    history: list[Any] = [
        (0, ("claims", [(1, 0, 0, 1), (2, 0, 1, 1)])),
        (0, ("payments", [("pay", 1, 1, 1, 0, 1), ("pay", 2, 2, 1, 1, 1)])),
        (30, ("pay out", ["paid", "rejected", "paid", "rejected"])),
        (0, ("payments", [("refund", 1, 0, (40, 10), 5)])),
        (0, ("give back", 0)),
        (30, ("hold", 1)),
        (0, ("pay out", verdicts)),
        (0, ("release",)),
        (30, ("pay out", verdicts)),
    ]
    assert run(tmp_path, TOWNS[0], history) == len(history)
    states = towns.ask(tmp_path, "SELECT state, count(*) FROM transfers GROUP BY 1 ORDER BY 1")
    assert dict(states).keys() >= {"paid", "rejected", "returned"}


@pytest.mark.slow
@settings(TRIED, max_examples=int(os.environ.get("HISTORIES", "500")))
@given(place=st.sampled_from(TOWNS), history=st.lists(HISTORY, min_size=1, max_size=3))
def test_the_books_hold_in_longer_histories(place: tuple[Any, str], history: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        steps = [step for part in history for step in part]
        assert run(Path(folder), place, steps) == len(steps)
