"""Files of several desks over the same few vouchers: cut into chunks, stopped between them, with
other files, retries and undos in between.

Whatever came between: when all files are in and no retry changes anything, the vouchers and the
transaction numbers are what one file with all rows in the order of time leaves. Under limits
nothing is asked of the order; there what stands stays.

Set INTERLEAVED to try more of them; the slow test tries more, and longer ones.
"""

from __future__ import annotations

import os
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
from vouchercli.ops.intake import batches, by_columns, chunks
from vouchercli.ops.intake.redemptions import import_redemptions
from vouchercli.rules import times
from vouchercli.store import checks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vouchercli.session import Session

STAYS = {"money": {"full": "returns", "late": "stays", "partial": "stays"}}
POLICIES: tuple[Any, ...] = ("full_restores", "restores_once", "pro_rata", STAYS)
CLAIMED = towns.at("2020-03-27 09:00")
RESIDENTS = {"K1": "r1", "K2": "r1", "K3": "r2"}
DAY = 1440


class Killed(Exception):
    """The import ends here, as if its process had been killed."""


class KillAfter:
    """Ends an import once so many chunks are committed (0: never)."""

    is_stopped = False

    def __init__(self, chunks: int) -> None:
        self.left = chunks

    def read(self, rows: int) -> None:
        pass

    def idle(self) -> None:
        pass

    def is_awaited(self) -> bool:
        return False

    def committed(self, share: float | None) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


class Row(NamedTuple):
    """One payment or refund; `at` in minutes after the claims."""

    kind: str
    number: str
    voucher: tuple[str, int]
    shop: str
    at: int
    half: bool
    of: str

    def line(self, policy: Any) -> str:
        """The row as it stands in a file."""
        amount, subsidy = ("20", "5") if self.half else ("40", "10")
        if self.half and policy is STAYS:
            subsidy = "0"
        at = times.shown(CLAIMED + self.at * 60, towns.ZONE)
        where = f"{self.voucher[0]},{self.voucher[1]},{self.shop}"
        return f"{self.number},{self.kind},{where},{at},{amount},0,{subsidy},{self.of}"


NOISE = "?" + "," * 9


def make(voucher: Any, policy: Any, limit: int | None) -> None:
    """Three claims of two residents, two coupons each, two merchants."""
    limits = {"packs_per_resident_per_round": 2}
    limits |= {} if limit is None else {"vouchers_per_merchant_per_day": limit}
    towns.build(
        voucher,
        towns.programme(staff={"mei": "maker", "lin": "checker"}, refunds=policy, limits=limits),
        towns.pack("pack", towns.coupon("10", "40", 2), validity={"days_after_claim": 2}),
        merchants="merchant_no,name\nM1,one\nM2,two\n",
    )
    towns.make_round(voucher, "r0", closes=towns.CLOSES, state="open")
    at = times.shown(CLAIMED, towns.ZONE)
    lines = [f"{claim},r0,{who},{at}\n" for claim, who in RESIDENTS.items()]
    towns.write("c.csv", towns.CLAIMS + "".join(lines))
    voucher("claim", "import", "c.csv")


# ---------------------------------------------------------------- what may happen

VOUCHERS = st.sampled_from([("K1", 1), ("K1", 1), ("K1", 2), ("K2", 1), ("K3", 1)])
SHOPS = st.sampled_from(["M1", "M1", "M1", "M2"])
NUMBERS = st.integers(0, 3)
PAYMENT = st.tuples(st.just("pay"), NUMBERS, VOUCHERS, SHOPS)
REFUND = st.tuples(
    st.just("refund"), NUMBERS, st.integers(0, 9), st.sampled_from([False, False, True])
)
LATER = st.sampled_from([1, 1, 1, 1, 60, DAY, 2 * DAY])


def rows_of(drawn: list[tuple[int, tuple[Any, ...]]]) -> list[Row]:
    """Rows in the order of time, each with a minute of its own; a refund is of a payment before it,
    if there is one.
    """
    rows: list[Row] = []
    at = 0
    for later, (kind, number, *said) in drawn:
        at += later
        paid = [row for row in rows if row.kind == "pay"]
        if kind == "pay":
            rows.append(Row("pay", f"T{number}", said[0], said[1], at, half=False, of=""))
        elif paid:
            of = paid[said[0] % len(paid)]
            rows.append(Row("refund", f"R{number}", of.voucher, of.shop, at, said[1], of.number))
    return rows


ROWS = st.lists(st.tuples(LATER, st.one_of(PAYMENT, REFUND)), min_size=2, max_size=9).map(rows_of)
PLACES = st.lists(st.integers(0, 11), min_size=1, max_size=8)
FILES = st.lists(PLACES, min_size=2, max_size=4)
STEP = st.one_of(
    st.tuples(st.just("go"), st.integers(0, 3), st.integers(0, 2)),
    st.tuples(st.just("go"), st.integers(0, 3), st.integers(1, 2)),
    st.tuples(st.just("retry"), st.integers(0, 3)),
    st.tuples(st.just("undo"), st.integers(0, 3)),
)
STEPS = st.lists(STEP, min_size=2, max_size=12)
CUT = st.integers(2, 3)


class Desks:
    """A town and the files that came in."""

    def __init__(self, folder: Path, policy: Any, limit: int | None, lines: int) -> None:
        built = partial(make, policy=policy, limit=limit)
        self.folder = folder
        folder.mkdir()
        self.session: Session = towns.in_folder(
            folder, ("interleaved", str(policy), limit), towns.OPENS, built
        )
        self.policy, self.lines = policy, lines

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.session.db.execute(statement, values)]

    def write(self, name: str, rows: Iterable[Row | None]) -> None:
        lines = [towns.PAYMENTS]
        lines += [f"{row.line(self.policy) if row else NOISE}\n" for row in rows]
        towns.write(self.folder / name, "".join(lines) + "\n" * int(name[0]))

    def batch(self, name: str) -> tuple[int, str] | None:
        """The batch of a file that is not undone, and its state."""
        found = self.ask(BATCH, str(self.folder / name))
        return found[0] if found else None

    def go(self, name: str, chunks_: int) -> None:
        """Import a file or go on with it, killed behind so many chunks (0: to its end)."""
        watch = KillAfter(chunks_)
        known = self.batch(name)
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(chunks, "LINES", self.lines)
                if known and known[1] == "importing" and chunks_ != 1:
                    batches.resume_batch(self.session, known[0], None, watch)
                else:
                    import_redemptions(self.session, str(self.folder / name), watch=watch)
        except Killed:
            assert not self.session.db.in_transaction

    def retry(self, name: str) -> None:
        if known := self.batch(name):
            batches.retry_batch(self.session, known[0], is_sure=True)

    def undo(self, name: str) -> None:
        if known := self.batch(name):
            batches.undo_batch(self.session, known[0], is_sure=True)

    def facts(self) -> set[tuple[Any, ...]]:
        return set(self.ask(FACTS))

    def memory(self) -> list[list[tuple[Any, ...]]]:
        return [self.ask(each) for each in (FACTS_OF_BATCHES, REJECTS)]


BATCH = "SELECT batch_id, state FROM batches WHERE file = ? AND state <> 'undone'"
FACTS = """
SELECT f.transaction_no, f.kind, c.claim_no, f.coupon_no, m.merchant_no, f.paid_at, f.base_fen,
    p.transaction_no AS refund_of
FROM redemption_facts f JOIN claims c USING (claim_id) JOIN merchants m USING (merchant_id)
    LEFT JOIN redemptions p ON p.redemption_id = f.refund_of
ORDER BY f.paid_at
"""
FACTS_OF_BATCHES = "SELECT transaction_no, kind, voucher, paid_at, batch_id, line FROM redemption_facts ORDER BY 1, 2, 3, 4"
REJECTS = "SELECT batch_id, line FROM rejects ORDER BY 1, 2"


def books_hold(desks: Desks) -> None:
    for name, check in checks.CHECKS.items():
        assert check(desks.session.db) == [], name


def play(
    folder: Path,
    town: tuple[Any, int | None, int],
    rows: list[Row],
    files: list[list[int]],
    steps: list[tuple[Any, ...]],
) -> tuple[Desks, list[Row]]:
    """The desks when all that was begun is done and no retry changes anything; the rows that came
    in.
    """
    desks = Desks(folder, *town)
    names = {}
    for place, places in enumerate(files):
        names[place] = f"{place}.csv"
        chosen = [rows[each] if each < len(rows) else None for each in places]
        desks.write(names[place], chosen)
    for verb, place, *more in steps:
        name = names[place % len(names)]
        try:
            getattr(desks, verb)(name, *more)
        except VoucherError:
            assert not desks.session.db.in_transaction
        books_hold(desks)
    come = [place for place, name in names.items() if desks.batch(name)]
    for place in come:
        desks.go(names[place], 0)
        books_hold(desks)
    for _ in range(8):
        before = desks.memory()
        for place in come:
            desks.retry(names[place])
            books_hold(desks)
        if desks.memory() == before:
            break
    else:
        pytest.fail("there is no end of retries")
    those = {each for place in come for each in files[place] if each < len(rows)}
    return desks, [rows[each] for each in sorted(those)]


def compare(
    town: tuple[Any, int | None, int],
    rows: list[Row],
    files: list[list[int]],
    steps: list[tuple[Any, ...]],
) -> None:
    with TemporaryDirectory() as folder:
        desks, come = play(Path(folder) / "a", town, rows, files, steps)
        with closing(desks.session.db):
            whole = Desks(Path(folder) / "b", town[0], town[1], 1000)
            with closing(whole.session.db):
                whole.write("9.csv", come)
                whole.go("9.csv", 0)
                assert desks.facts() == whole.facts()


TRIED = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)


@settings(TRIED, max_examples=int(os.environ.get("INTERLEAVED", "10")))
@given(policy=st.sampled_from(POLICIES), cut=CUT, rows=ROWS, files=FILES, steps=STEPS)
def test_whatever_comes_between_the_chunks_it_ends_as_one_file(
    policy: Any, cut: int, rows: list[Row], files: list[list[int]], steps: list[Any]
) -> None:
    compare((policy, None, cut), rows, files, steps)
