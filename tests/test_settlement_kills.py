"""Days are closed, merchants are paid and banks are heard while commands are killed at every instant
and run again: no line is paid twice or never. What was paid is counted by a bank of the test's own,
from the files that it was given.

The default run kills 20 times; `make test-slow` SETTLEMENT_KILLS times.
"""

from __future__ import annotations

import csv
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import towns
from big_town import canonical, copied
from processes import forked
from test_settlements import PAYERS, SHOPS, STAFF

from vouchercli.store import checks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FALL = str(Path(__file__).with_name("fall.py"))
KILLED, REFUSED = -signal.SIGKILL, 3
MANY = int(os.environ.get("SETTLEMENT_KILLS", "70"))
DAYS = ("2020-03-27", "2020-03-28", "2020-03-29")
NOW = {
    "2020-03-27": "2020-03-28 09:00",
    "2020-03-28": "2020-03-29 09:00",
    "2020-03-29": "2020-03-30 09:00",
}
MEI, LIN, WU = ("--actor", "mei"), ("--actor", "lin"), ("--actor", "wu")
MERCHANTS = ("M1", "M2", "M3")
ACCOUNT = {"M1": "6228480000000000011", "M2": "6228480000000000029", "M3": "6228480000000000037"}
ANSWERS = "transfer_no,status,amount,paid_on,reference,reason_code,reason\n"
CLAIMS = 24  # of two vouchers of 10 yuan


class Step(NamedTuple):
    """A command of the story, at its moment; `file` is what it must leave there."""

    args: tuple[str, ...]
    now: str
    file: str = ""


@dataclass
class Bank:
    """It pays what it is asked for, once for each transfer, or says why not; and it counts."""

    chance: random.Random
    asked: dict[str, tuple[str, str]] = field(default_factory=dict)  # (account, yuan)
    paid: dict[str, tuple[str, str]] = field(default_factory=dict)
    came_back: set[str] = field(default_factory=set)

    def take(self, path: Path) -> list[str]:
        """Take a payment file in; the transfers that are new in it."""
        new = []
        with path.open(encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                number, order = row["transfer_no"], (row["account_no"], row["amount"])
                assert self.asked.setdefault(number, order) == order
                if number not in self.paid:
                    new.append(number)
        return new

    def answer(self, numbers: list[str], *, is_last: bool) -> Iterator[list[str]]:
        """What it says of transfers, file by file; `is_last`: it pays all of them."""
        accepted, rows = [], []
        for number in numbers:
            account, yuan = self.asked[number]
            if not is_last and self.chance.random() < 0.3:
                accepted.append(f"{number},accepted,{yuan},,,,")
            if not is_last and self.chance.random() < 0.3:
                rows.append(f"{number},rejected,,,,AC04,account closed")
            else:
                self.paid[number] = account, yuan
                rows.append(f"{number},paid,{yuan},2020-03-30,B{number},,")
        if accepted:
            yield accepted
        yield rows

    def give_back(self) -> list[str]:
        """Some of what it paid comes back."""
        rows = []
        for number in sorted(self.paid.keys() - self.came_back):
            if self.chance.random() < 0.3:
                self.came_back.add(number)
                rows.append(
                    f"{number},returned,{self.paid[number][1]},2020-03-31,,AC01,no such account"
                )
        return rows

    def sums(self) -> Counter[str]:
        """What stayed on each account, in fen."""
        sums: Counter[str] = Counter()
        for number, (account, yuan) in self.paid.items():
            if number not in self.came_back:
                sums[account] += round(float(yuan) * 100)
        return sums


@dataclass
class Story:
    """What happens in one folder, by one seed: the same whether commands are killed or not."""

    folder: Path
    seed: int
    days: int
    owed: Counter[str] = field(default_factory=Counter)  # by merchant, in fen
    holds: list[int] = field(default_factory=list)
    held: int = 0
    answered: int = 0
    claims: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.bank = Bank(random.Random(self.seed + 1))
        self.payments: list[tuple[str, str, int, str]] = []

    def steps(self) -> Iterator[Step]:
        """The commands, one after the other; what the program has written by then is read."""
        for day in DAYS[: self.days]:
            yield self.spend(day)
            yield Step(("day", "close", day, *MEI), NOW[day])
            yield Step(("day", "sign", day, *WU), NOW[day])
            if self.chance.random() < 0.7:
                yield self.hold(NOW[day])
            yield from self.settle(day, NOW[day], is_last=False)
            if back := self.bank.give_back():
                yield self.hear(back, NOW[day])
            if self.holds and self.chance.random() < 0.4:
                yield self.release(NOW[day])
        while self.holds:
            yield self.release("2020-03-31 09:00")
        (self.folder / "accounts.csv").write_text(with_accounts(), "utf-8")
        yield Step(("merchant", "import", "accounts.csv", *MEI), "2020-03-31 09:10")
        yield from self.settle(DAYS[self.days - 1], "2020-03-31 09:20", is_last=True)

    def spend(self, day: str) -> Step:
        """Payments at all merchants, and refunds of some that were made before."""
        rows = []
        for number in range(6):
            self.claims += number % 2 == 0
            claim, coupon, shop = f"C{self.claims}", number % 2 + 1, MERCHANTS[number % 3]
            no = f"T{day[-2:]}{number}"
            rows.append(f"{no},pay,{claim},{coupon},{shop},{day} 10:0{number},50,0,10,")
            self.owed[shop] += 1000
            self.payments.append((no, claim, coupon, shop))
        earlier = self.payments[:-6]
        for no, claim, coupon, shop in self.chance.sample(earlier, min(2, len(earlier))):
            self.payments.remove((no, claim, coupon, shop))
            rows.append(f"R{no},refund,{claim},{coupon},{shop},{day} 15:00,50,0,10,{no}")
            self.owed[shop] -= 1000
        towns.write(self.folder / f"{day}.csv", towns.PAYMENTS + "".join(f"{r}\n" for r in rows))
        return Step(("redemption", "import", f"{day}.csv", *MEI), NOW[day])

    def hold(self, now: str) -> Step:
        """A merchant or the last payment there."""
        self.held += 1
        self.holds.append(self.held)
        what = ("--merchant", self.chance.choice(MERCHANTS))
        if self.chance.random() < 0.5:
            what = ("--transaction", self.payments[-1 - self.chance.randrange(3)][0])
        reason = ("--reason", ("disputed", "under_inquiry", "serial_twice")[self.held % 3])
        words = ("settlement", "hold", *what, *reason, "--evidence", "letter", *MEI)
        return Step(words, now)

    def release(self, now: str) -> Step:
        return Step(
            ("settlement", "release", str(self.holds.pop(0)), "--note", "found well", *LIN), now
        )

    def settle(self, day: str, now: str, *, is_last: bool) -> Iterator[Step]:
        """What is owed goes to the bank, and what the bank says is heard."""
        yield Step(("settlement", "run", "--up-to", day, *MEI), now)
        for (number,) in towns.ask(
            self.folder, "SELECT settlement_id FROM settlements WHERE state = 'draft'"
        ):
            file = f"pay-{number}.csv"
            words = ("settlement", "export", str(number), "--bank", "voucher", "--to", file, *WU)
            yield Step(("settlement", "verify", str(number), "--note", "agrees", *MEI), now)
            yield Step(("settlement", "approve", str(number), *LIN), now)
            yield Step(words, now, file)
            new = self.bank.take(self.folder / file)
            assert self.bank.take(self.folder / file) == new
            for rows in self.bank.answer(new, is_last=is_last):
                yield self.hear(rows, now)

    def hear(self, rows: list[str], now: str) -> Step:
        self.answered += 1
        file = f"answer-{self.answered}.csv"
        towns.write(self.folder / file, ANSWERS + "".join(f"{row}\n" for row in rows))
        return Step(("settlement", "paid", file, "--bank", "voucher", *WU), now)


def with_accounts() -> str:
    head, *rows = SHOPS.splitlines()
    return "\n".join((head, *rows[:2], f"M3,three,合成三店,{ACCOUNT['M3']},合成银行", ""))


class Killer:
    """Runs the story's commands, and kills so many of them."""

    def __init__(self, counts: list[int], lengths: list[float], kills: int, seed: int) -> None:
        self.counts, self.lengths, self.kills = counts, lengths, kills
        self.chance, self.caught = random.Random(seed), Counter[str]()

    def run(self, story: Story, step: Step, place: int) -> int:
        """Kill it until it is let go; of how many instants that were."""
        was_killed = False
        share = 2 * self.kills / len(self.counts)
        while sum(self.caught.values()) < self.kills and self.chance.random() < share / (1 + share):
            was_killed |= self.kill(story.folder, step, place)
        code = start(story.folder, step).wait()
        # 3: it was done before it was killed, and says so
        assert code in ((0, 4, REFUSED) if was_killed else (0, 4)), (step, code)
        return self.counts[place]

    def kill(self, folder: Path, step: Step, place: int) -> bool:
        """Whether it was caught alive: at an instant of its own, or by the clock."""
        if self.chance.random() < 0.7:
            child = start(folder, step, self.chance.randint(1, self.counts[place]))
        else:
            child = start(folder, step)
            try:
                child.wait(self.chance.uniform(0.1, 1.0) * self.lengths[place])
            except subprocess.TimeoutExpired:
                child.kill()
        if child.wait() != KILLED:
            assert child.returncode in (0, 4, REFUSED), (step, child.returncode)
            return True  # it was done
        self.caught[" ".join(step.args[:2])] += 1
        books_hold(folder)
        return True


def start(folder: Path, step: Step, instant: int | None = None) -> Any:
    """The command in a process of its own; at INSTANT it is killed, 0 only counts them."""
    environ = os.environ | {"VOUCHER_NOW": step.now}
    driver = () if instant is None else (FALL, "instants", str(instant))
    return forked(folder, *step.args, environ=environ, driver=driver)


def books_hold(folder: Path) -> None:
    with towns.session(folder / "voucher.db") as session:
        for name, check in checks.CHECKS.items():
            assert check(session.db) == [], name


@pytest.fixture
def town(voucher: Any, once: Any) -> Any:
    """Claims, and nothing is paid yet."""

    def all_of_it() -> None:
        towns.build(
            voucher,
            towns.programme(staff=STAFF, clock={"jump": "90 days"}),
            towns.pack("pack", towns.coupon("10", "40", 2), validity={"days_after_claim": 30}),
            merchants=SHOPS,
        )
        towns.make_round(voucher, "r1", packs=CLAIMS, state="open", closes=towns.CLOSES)
        Path("payers.yaml").write_text(PAYERS, "utf-8")
        rows = [f"C{n},r1,P{n},2020-03-27 09:00\n" for n in range(1, CLAIMS + 1)]
        towns.write("claims.csv", towns.CLAIMS + "".join(rows))
        voucher("claim", "import", "claims.csv", *MEI, "--now", "2020-03-27 09:30")

    once("settlement kills", all_of_it)
    return voucher


class Told(NamedTuple):
    """How a story went: what it left, its files, and of each command its instants and length."""

    left: list[str]
    files: dict[str, bytes]
    counts: list[int]
    lengths: list[float]


def tell(folder: Path, seed: int, days: int, run: Callable[[Story, Step, int], int]) -> Told:
    """Let a story happen in a folder, and look at the end that every line is paid once."""
    story, files, counts, lengths = Story(folder, seed, days), {}, [], []
    for place, step in enumerate(story.steps()):
        began = time.monotonic()
        counts.append(run(story, step, place))
        lengths.append(time.monotonic() - began)
        if step.file:
            files[step.file] = (folder / step.file).read_bytes()
    books_hold(folder)
    owed = {ACCOUNT[shop]: fen for shop, fen in story.owed.items() if fen}
    assert story.bank.sums() == owed
    states = towns.ask(folder, "SELECT state, count(*) FROM settlements GROUP BY 1")
    assert {state for state, _ in states} <= {"paid", "closed"}
    open_ = towns.ask(folder, "SELECT sum(amount_fen) FROM dues WHERE transfer_id IS NULL")
    assert open_ in ([(0,)], [(None,)])
    return Told(canonical(folder / "voucher.db"), files, counts, lengths)


def undisturbed(story: Story, step: Step, _: int) -> int:
    """How many instants the command has."""
    code = start(story.folder, step, 0).wait()
    assert code in (0, 4), (step, code)
    return int((story.folder / "instants").read_text("ascii"))


def kill_many(here: Path, seed: int, kills: int, days: int = 3) -> Counter[str]:
    """A story as it goes undisturbed, and with so many kills: what is left is the same."""
    calm = tell(copied(here, "calm"), seed, days, undisturbed)
    killer = Killer(calm.counts, calm.lengths, kills, seed)
    killed = tell(copied(here, "killed"), seed, days, killer.run)
    assert killed.files == calm.files
    assert killed.left == calm.left
    for name in ("calm", "killed"):
        shutil.rmtree(here / name)
    return killer.caught


def test_killed_while_closing_paying_and_hearing_every_line_is_paid_once(
    town: Any, here: Path
) -> None:
    caught: Counter[str] = Counter()
    for seed in range(1, 5):
        if (left := 20 - caught.total()) > 0:
            caught += kill_many(here, seed, left, days=2)
    assert caught.total() >= 20
    assert len(caught) > 5


@pytest.mark.slow
def test_many_kills_of_settlements(town: Any, here: Path) -> None:
    caught: Counter[str] = Counter()
    seed = 100
    while caught.total() < MANY:
        caught += kill_many(here, seed, min(40, MANY - caught.total()))
        seed += 1
    print(f"{caught.total()} kills, {seed - 100} stories: {dict(caught)}")
    assert {"day close", "settlement run", "settlement export", "settlement paid"} <= caught.keys()
