"""Files of several desks over the same few vouchers: cut into chunks, killed between them, with
other files, retries and undos in between.

Whatever came between: when all files are in and no retry changes anything, the vouchers and the
transaction numbers are what one file with all rows in the order of time leaves. Under limits
nothing depends on the order alone: there what stands stays.

Set INTERLEAVED to try more histories; the slow tests try more of them, and kill real processes.
"""

from __future__ import annotations

import os
from collections import defaultdict
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
from vouchercli.ops.intake.claims import import_claims
from vouchercli.ops.intake.redemptions import import_redemptions
from vouchercli.rules import limits, times, vouchers
from vouchercli.rules.vouchers import StandingFacts, Transaction
from vouchercli.store import checks, fact_checks, log_checks, programmes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from conftest import Start

    from vouchercli.session import Session

CLAIMED = towns.at("2020-03-27 09:00")
RESIDENTS = {"K1": "r1", "K2": "r1", "K3": "r2"}
DAY = 1440  # minutes
# by preset, and one where no subsidy goes back with a part of the order
POLICIES: dict[str, Any] = {
    "full_restores": "full_restores",
    "restores_once": "restores_once",
    "pro_rata": "pro_rata",
    "stays": {"money": {"full": "returns", "late": "stays", "partial": "stays"}},
}
BY_ROWS, BY_COLUMNS = 1 << 40, 1  # from which size on a file goes the way of large ones
NOISE = "?" + "," * 9  # a row that is none


class Town(NamedTuple):
    """What a history is played in: the refund policy, the limit a day, how many lines a chunk has,
    from how many bytes on a file goes by columns.
    """

    policy: str
    limit: int | None = None
    lines: int = 2
    bytes_: int = BY_ROWS


class Row(NamedTuple):
    """A payment of 40 yuan, or the refund of one or of its half; `at` in minutes after the claim."""

    kind: str
    number: str
    voucher: tuple[str, int]
    shop: str
    at: int
    of: str = ""
    is_half: bool = False

    def subsidy(self, policy: str) -> int:
        """What the file says of it, in yuan."""
        if self.is_half:
            return 0 if policy == "stays" else 5
        return 10

    def line(self, policy: str) -> str:
        """The row as it stands in a file."""
        amount = 20 if self.is_half else 40
        at = times.shown(CLAIMED + self.at * 60, towns.ZONE)
        where = f"{self.voucher[0]},{self.voucher[1]},{self.shop}"
        said = f"{amount},0,{self.subsidy(policy)},{self.of}"
        return f"{self.number},{self.kind},{where},{at},{said}\n"


Files = list[list[int]]  # of each file the places of its rows among all; no row there: noise


# ---------------------------------------------------------------- the desks


class KilledHere(Exception):
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
            raise KilledHere


def make(voucher: Any, policy: str, limit: int | None) -> None:
    """Three claims of two residents, two coupons each, two merchants."""
    most = {"packs_per_resident_per_round": 2}
    most |= {} if limit is None else {"vouchers_per_merchant_per_day": limit}
    towns.build(
        voucher,
        towns.programme(
            staff={"mei": "maker", "lin": "checker"}, refunds=POLICIES[policy], limits=most
        ),
        towns.pack("pack", towns.coupon("10", "40", 2), validity={"days_after_claim": 2}),
        merchants="merchant_no,name\nM1,one\nM2,two\n",
    )
    towns.make_round(voucher, "r0", closes=towns.CLOSES, state="open")
    at = times.shown(CLAIMED, towns.ZONE)
    lines = [f"{claim},r0,{who},{at}\n" for claim, who in RESIDENTS.items()]
    towns.write("c.csv", towns.CLAIMS + "".join(lines))
    voucher("claim", "import", "c.csv")


class Desks:
    """A town in a folder, and what its desks do with their files."""

    def __init__(self, folder: Path, town: Town) -> None:
        folder.mkdir()
        self.folder, self.town = folder, town
        built = partial(make, policy=town.policy, limit=town.limit)
        key = ("interleaved", town.policy, town.limit)
        self.session: Session = towns.in_folder(folder, key, towns.OPENS, built)

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.session.db.execute(statement, values)]

    def write(self, file: int, rows: Iterable[Row | None]) -> None:
        """Write a file; each has a blank more: the same rows twice are two files."""
        lines = [row.line(self.town.policy) if row else NOISE + "\n" for row in rows]
        towns.write(self.path(file), towns.PAYMENTS + "".join(lines) + "\n" * file)

    def path(self, file: int) -> str:
        return str(self.folder / f"{file}.csv")

    def batch(self, file: int) -> tuple[int, str] | None:
        """The batch of a file that is not undone, and its state."""
        found = self.ask(BATCH, self.path(file))
        return found[0] if found else None

    def go(self, file: int, kill_after: int) -> None:
        """Import a file or go on with it, until it is killed behind so many chunks (0: never)."""
        known = self.batch(file)
        watch = KillAfter(kill_after)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chunks, "LINES", self.town.lines)
            patch.setattr(chunks, "TOGETHER", 1)
            patch.setattr(by_columns, "BYTES", self.town.bytes_)
            try:
                if known and known[1] == "importing" and kill_after != 1:
                    batches.resume_batch(self.session, known[0], None, watch)
                else:
                    import_redemptions(self.session, self.path(file), watch=watch)
            except KilledHere:
                assert not self.session.db.in_transaction

    def retry(self, file: int) -> None:
        if known := self.batch(file):
            batches.retry_batch(self.session, known[0], is_sure=True)

    def undo(self, file: int) -> None:
        if known := self.batch(file):
            batches.undo_batch(self.session, known[0], is_sure=True)

    def facts(self) -> dict[Fact, int]:
        """What stands, and whose batch has it."""
        return {Fact(*row): batch for batch, *row in self.ask(FACTS)}

    def books_hold(self) -> None:
        for name, check in (checks.CHECKS | fact_checks.CHECKS).items():
            assert check(self.session.db) == [], name


class Fact(NamedTuple):
    """A row that stands."""

    number: str
    kind: str
    claim: str
    coupon: int
    shop: str
    paid_at: int
    base_fen: int
    subsidy_fen: int
    of: str | None

    @property
    def voucher(self) -> tuple[str, int]:
        return self.claim, self.coupon


BATCH = "SELECT batch_id, state FROM batches WHERE file = ? AND state <> 'undone'"
FACTS = """
SELECT f.batch_id, f.transaction_no, f.kind, c.claim_no, f.coupon_no, m.merchant_no, f.paid_at,
    f.base_fen, f.subsidy_fen, p.transaction_no
FROM redemption_facts f JOIN claims c USING (claim_id) JOIN merchants m USING (merchant_id)
    LEFT JOIN redemptions p ON p.redemption_id = f.refund_of
ORDER BY f.paid_at
"""
REJECTS = "SELECT batch_id, line FROM rejects ORDER BY 1, 2"


# ---------------------------------------------------------------- what may happen

VOUCHERS = st.sampled_from([("K1", 1), ("K1", 1), ("K1", 2), ("K2", 1), ("K3", 1)])
SHOPS = st.sampled_from(["M1", "M1", "M1", "M2"])
NUMBERS = st.integers(0, 3)
DRAWN = st.tuples(
    st.sampled_from([1, 1, 1, 1, 60, DAY, 2 * DAY]),  # minutes after the row before it
    st.one_of(
        st.tuples(st.just("pay"), NUMBERS, VOUCHERS, SHOPS),
        st.tuples(
            st.just("refund"), NUMBERS, st.integers(0, 9), st.sampled_from([False, False, True])
        ),
    ),
)


def rows_of(drawn: Sequence[tuple[int, tuple[Any, ...]]]) -> list[Row]:
    """Rows in the order of time, each with a minute of its own; a refund is of a payment before
    it.
    """
    rows: list[Row] = []
    at = 0
    for later, (kind, number, *said) in drawn:
        at += later
        paid = [row for row in rows if row.kind == "pay"]
        if kind == "pay":
            rows.append(Row("pay", f"T{number}", *said, at))
        elif paid:
            of = paid[said[0] % len(paid)]
            rows.append(Row("refund", f"R{number}", of.voucher, of.shop, at, of.number, said[1]))
    return rows


def histories(longest: int) -> st.SearchStrategy[tuple[Any, ...]]:
    """Rows, files of them, and steps of the desks: a verb, a file, and for an import behind which
    chunk it is killed (0: not at all).
    """
    file = st.integers(0, 3)
    go = st.tuples(st.just("go"), file, st.sampled_from([0, 1, 1, 2]))
    steps = st.one_of(go, go, st.tuples(st.sampled_from(["retry", "undo"]), file))
    return st.tuples(
        st.lists(DRAWN, min_size=2, max_size=longest).map(rows_of),
        st.lists(st.lists(st.integers(0, longest), min_size=1, max_size=8), min_size=2, max_size=4),
        st.lists(steps, min_size=2, max_size=longest),
    )


def play(
    desks: Desks, history: tuple[list[Row], Files, list[Any]], look: Callable[[int | None], None]
) -> list[Row]:
    """Play a history, then take in the rest of what was begun and retry until nothing changes;
    `look` at each step (the file whose rows are judged in it; None: of all). The rows that came in.
    """
    rows, files, steps = history
    for file, places in enumerate(files):
        desks.write(file, [rows[each] if each < len(rows) else None for each in places])
    for verb, drawn, *more in steps:
        file = drawn % len(files)
        try:
            getattr(desks, verb)(file, *more)
        except VoucherError:  # refused: there is nothing to retry, or something rests on it
            assert not desks.session.db.in_transaction
        look(file if verb == "go" else None)
    come = [file for file in range(len(files)) if desks.batch(file)]
    for file in come:
        desks.go(file, 0)
        look(file)
    for _ in range(8):
        before = desks.facts(), desks.ask(REJECTS)
        for file in come:
            desks.retry(file)
            look(None)
        if (desks.facts(), desks.ask(REJECTS)) == before:
            break
    else:
        pytest.fail("there is no end of retries")
    return [
        rows[each]
        for each in sorted({each for file in come for each in files[file]})
        if each < len(rows)
    ]


# ---------------------------------------------------------------- as one file


def ends_as_one_file(town: Town, history: tuple[list[Row], Files, list[Any]]) -> int:
    """How many facts the desks and one file with their rows in the order of time come to."""
    with TemporaryDirectory() as folder:
        desks, whole = (
            Desks(Path(folder, "a"), town),
            Desks(Path(folder, "b"), town._replace(lines=1000)),
        )
        with closing(desks.session.db), closing(whole.session.db):
            come = play(desks, history, lambda _: desks.books_hold())
            whole.write(9, come)
            if come:
                whole.go(9, 0)
            assert [*desks.facts()] == [*whole.facts()]
            return len(desks.facts())


TRIED = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
MANY = int(os.environ.get("INTERLEAVED", "0"))


@settings(TRIED, max_examples=MANY or 3)
@given(history=histories(9))
def test_whatever_comes_between_the_chunks_it_ends_as_one_file(history: Any) -> None:
    assert ends_as_one_file(Town("full_restores"), history) >= 0


@pytest.mark.slow
@settings(TRIED, max_examples=MANY or 300)
@given(
    policy=st.sampled_from([*POLICIES]),
    lines=st.integers(2, 4),
    bytes_=st.sampled_from([BY_ROWS, BY_COLUMNS]),
    history=histories(14),
)
def test_long_histories_end_as_one_file(policy: str, lines: int, bytes_: int, history: Any) -> None:
    assert ends_as_one_file(Town(policy, None, lines, bytes_), history) >= 0


@pytest.mark.parametrize("kill_after", [1, 2])
def test_a_refund_between_two_chunks_stands_with_its_payment(
    tmp_path: Path, kill_after: int
) -> None:
    """T1 stands on K1 when another desk refunds it; its number comes again on K2."""
    rows = [
        Row("pay", "T1", ("K1", 1), "M1", 60),
        Row("pay", "T1", ("K2", 1), "M1", 180),
        Row("refund", "R1", ("K1", 1), "M1", 240, "T1"),
    ]
    desks = Desks(tmp_path / "desks", Town("full_restores"))
    with closing(desks.session.db):
        desks.write(0, [rows[0], None, None, None, rows[1]])
        desks.write(1, [rows[2]])
        desks.go(0, kill_after)
        desks.go(1, 0)
        desks.go(0, 0)
        desks.books_hold()
        assert [(each.number, each.claim) for each in desks.facts()] == [("T1", "K1"), ("R1", "K1")]
        assert desks.ask("SELECT line, reason FROM rejects WHERE line = 6") == [
            (6, "transaction_reused")
        ]


def test_a_refund_of_what_gives_way_goes_with_it_and_is_named(tmp_path: Path) -> None:
    """The voucher was paid with before; T1 and what another desk refunded of it leave together."""
    desks = Desks(tmp_path / "desks", Town("full_restores"))
    with closing(desks.session.db):
        desks.write(
            0, [Row("pay", "T1", ("K1", 1), "M1", 60), Row("pay", "T0", ("K1", 1), "M2", 5)]
        )
        desks.write(1, [Row("refund", "R1", ("K1", 1), "M1", 90, "T1")])
        desks.go(0, 1)
        desks.go(1, 0)
        desks.go(0, 0)
        desks.books_hold()
        assert [each.number for each in desks.facts()] == ["T0"]
        assert desks.ask("SELECT batch_id, line, reason FROM rejects ORDER BY 1, 2") == [
            (3, 2, "already_redeemed"),
            (4, 2, "refund_without_payment"),
        ]
        assert desks.ask(
            "SELECT json_extract(detail, '$.moved[0].batch', '$.moved[0].what') FROM audit"
            " WHERE deed = 'redemptions.import' ORDER BY audit_id DESC LIMIT 1"
        ) == [('[4,"R1"]',)]


def test_a_file_that_is_finished_under_another_name_is_what_the_log_says(tmp_path: Path) -> None:
    desks = Desks(tmp_path / "desks", Town("full_restores"))
    with closing(desks.session.db):
        desks.write(0, [Row("pay", "T1", ("K1", 1), "M1", 60), None, None, None])
        desks.go(0, 1)
        begun, _ = desks.batch(0) or (0, "")
        Path(desks.path(0)).rename(desks.path(7))
        batches.resume_batch(desks.session, begun, desks.path(7), None)
        assert log_checks.batches_as_logged(desks.session.db) == []
        assert desks.ask("SELECT state FROM batches WHERE batch_id = ?", begun) == [("done",)]


@pytest.mark.parametrize("kill_after", [1, 2])
def test_a_payment_that_two_desks_refunded_in_halves_is_undone_once(
    tmp_path: Path, kill_after: int
) -> None:
    """The second half comes while the file with the first one is still coming in, and with it a
    refund of all that comes too late.
    """
    rows = [
        Row("pay", "T1", ("K1", 1), "M1", 60),
        Row("refund", "R1", ("K1", 1), "M1", 90, "T1", is_half=True),
        Row("refund", "R2", ("K1", 1), "M1", 120, "T1", is_half=True),
        Row("refund", "R3", ("K1", 1), "M1", 150, "T1"),
    ]
    desks = Desks(tmp_path / "desks", Town("pro_rata"))
    with closing(desks.session.db):
        desks.write(0, [rows[0]])
        desks.write(1, [rows[1], None, None, None, rows[3]])
        desks.write(2, [rows[2]])
        desks.go(0, 0)
        desks.go(1, kill_after)
        desks.go(2, 0)
        desks.go(1, 0)
        desks.books_hold()
        assert [(each.number, each.subsidy_fen) for each in desks.facts()] == [
            ("T1", 1_000),
            ("R1", -500),
            ("R2", -500),
        ]
        undone = "SELECT vouchers FROM redemption_facts ORDER BY paid_at"
        assert desks.ask(undone) == [(1,), (0,), (-1,)]


def test_a_number_that_both_desks_rest_on_stands_once(tmp_path: Path) -> None:
    """Both uses of T1 are refunded by another desk before the first file ends."""
    desks = Desks(tmp_path / "desks", Town("full_restores"))
    with closing(desks.session.db):
        desks.write(
            0,
            [
                Row("pay", "T1", ("K1", 1), "M1", 60),
                None,
                Row("pay", "T1", ("K3", 1), "M1", 70),
                None,
                None,
            ],
        )
        desks.write(
            1,
            [
                Row("refund", "R1", ("K1", 1), "M1", 90, "T1"),
                Row("refund", "R2", ("K3", 1), "M1", 95, "T1"),
                Row("pay", "T2", ("K3", 1), "M1", 99),
            ],
        )
        desks.go(0, 2)
        desks.go(1, 0)
        assert len(desks.facts()) == 5
        desks.go(0, 0)
        desks.books_hold()
        assert [(each.number, each.claim) for each in desks.facts()] == [
            ("T1", "K1"),
            ("R1", "K1"),
            ("T2", "K3"),
        ]


@pytest.mark.slow
@pytest.mark.parametrize("bytes_", [BY_ROWS, BY_COLUMNS], ids=["by rows", "by columns"])
def test_a_process_killed_amid_its_chunks_goes_on_behind_other_desks(
    tmp_path: Path, start: Start, bytes_: int
) -> None:
    """The first file is killed as soon as a chunk of it is safe, and once more when it goes on;
    other desks come between.
    """
    rows = [
        Row("pay", "T1", ("K1", 1), "M1", 60),
        Row("pay", "T1", ("K3", 1), "M1", 70),
        Row("refund", "R1", ("K1", 1), "M1", 90, "T1"),
        Row("refund", "R2", ("K3", 1), "M1", 95, "T1"),
        Row("pay", "T2", ("K3", 1), "M1", 99),
        Row("pay", "T0", ("K1", 1), "M2", 100),
    ]
    desks = Desks(tmp_path / "desks", Town("full_restores", None, 250, bytes_))
    noise = [None] * 2_000
    with closing(desks.session.db):
        desks.write(0, [rows[0], *noise, rows[1], *noise, rows[5], rows[0]])
        desks.write(1, [rows[2]])
        desks.write(2, [rows[3], rows[4]])
        kill_within(desks, start, 250)
        assert desks.batch(0) == (3, "importing")
        desks.go(1, 0)
        kill_within(desks, start, 3_000)
        assert desks.batch(0) == (3, "importing")
        desks.go(2, 0)
        desks.go(0, 0)
        desks.books_hold()
        assert [(each.number, each.claim) for each in desks.facts()] == [
            ("T1", "K1"),
            ("R1", "K1"),
            ("T2", "K3"),
            ("T0", "K1"),
        ]


def kill_within(desks: Desks, start: Start, line: int) -> None:
    """Import the first file in a process of its own; kill it once this line is safe."""
    environ = os.environ | {"VOUCHER_NOW": times.iso(towns.at(towns.LATER), towns.ZONE)}
    child = start(
        desks.folder,
        *("redemption", "import", desks.path(0)),
        lines=desks.town.lines,
        bytes_=desks.town.bytes_,
        environ=environ,
    )
    while desks.ask(
        "SELECT ifnull(max(last_line), 0) FROM batches WHERE file = ?", desks.path(0)
    ) < [(line,)]:
        assert child.poll() is None
    child.kill()
    child.wait()


@pytest.mark.parametrize("other", ["N1,r0,r9,2020-03-27 08:30", "N2,r0,r9,2020-03-27 08:30"])
def test_a_claim_that_was_paid_with_between_two_chunks_stays_until_somebody_is_sure(
    tmp_path: Path, other: str
) -> None:
    """Another use of its number, or of the last pack, comes earlier in time in the last chunk."""
    desks = Desks(tmp_path / "desks", Town("full_restores"))
    with closing(desks.session.db), pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "LINES", 2)
        packs = "".join(f"L{n},r0,o{n},2020-03-27 08:0{n}\n" for n in range(6))
        towns.write(desks.path(5), f"{towns.CLAIMS}{packs}")
        import_claims(desks.session, desks.path(5))
        claims = f"{towns.CLAIMS}N1,r0,r8,2020-03-27 09:30\n?,,,\n?,,,\n{other}\n"
        towns.write(desks.path(6), claims)
        with pytest.raises(KilledHere):
            import_claims(desks.session, desks.path(6), watch=KillAfter(1))
        desks.write(1, [Row("pay", "T1", ("N1", 1), "M1", 60)])
        desks.go(1, 0)
        import_claims(desks.session, desks.path(6))
        desks.books_hold()
        assert [(each.number, each.claim) for each in desks.facts()] == [("T1", "N1")]
        with pytest.raises(VoucherError) as refused:
            batches.retry_batch(desks.session, 4)
        assert refused.value.code == "money_moves"
        batches.retry_batch(desks.session, 4, is_sure=True)
        desks.books_hold()
        assert desks.facts() == {}
        no, *_ = other.split(",")
        assert (no, CLAIMED - 1800) in desks.ask("SELECT claim_no, claimed_at FROM claims")


# ---------------------------------------------------------------- under limits


def test_what_another_desk_refunded_stays_under_a_limit(tmp_path: Path) -> None:
    """T2 of the same file is earlier, but T1 has been refunded by another desk when it comes."""
    desks = Desks(tmp_path / "desks", Town("full_restores", limit=1))
    with closing(desks.session.db):
        desks.write(0, [Row("pay", "T1", ("K1", 1), "M1", 5), Row("pay", "T2", ("K1", 2), "M1", 1)])
        desks.write(1, [Row("refund", "R1", ("K1", 1), "M1", 9, "T1")])
        desks.go(0, 1)
        desks.go(1, 0)
        desks.go(0, 0)
        desks.books_hold()
        assert [each.number for each in desks.facts()] == ["T1", "R1"]
        assert desks.ask("SELECT batch_id, line, reason FROM rejects") == [(3, 3, "over_limit")]


def within_limit(desks: Desks) -> None:
    """No resident has paid with more vouchers at one merchant in a day."""
    visits: dict[tuple[Any, ...], set[tuple[str, int]]] = defaultdict(set)
    for each in desks.facts():
        day = times.day_of(each.paid_at, towns.ZONE)
        visits[RESIDENTS[each.claim], each.shop, day] |= (
            {each.voucher} if each.kind == "pay" else set()
        )
    assert desks.town.limit is not None
    assert all(len(used) <= desks.town.limit for used in visits.values()), visits


def gone_for_a_reason(before: dict[Fact, int], after: dict[Fact, int], own: int | None) -> None:
    """What stood leaves only for an earlier row of its voucher or its number, or with the payment
    that it refunds. The rows of the file at hand (`own`) give way to each other under a limit too,
    but not once another file has refunded them.
    """
    gone = [each for each in before if each not in after]
    for each in gone:
        lost = [one for one in gone if (one.voucher, one.number) == (each.voucher, each.of)]
        earlier = [
            one
            for one in after
            if one.paid_at < each.paid_at
            and (one.voucher == each.voucher or (one.number, one.kind) == (each.number, each.kind))
        ]
        refunds = [one for one in before if (one.voucher, one.of) == (each.voucher, each.number)]
        is_own = before[each] == own and all(before[one] == own for one in refunds)
        assert is_own or earlier or lost, each


def lawful_beside_what_stands(desks: Desks, come: list[Row]) -> set[tuple[str, str, int]]:
    """What the law of vouchers accepts of all rows that came, where those that stand do stand:
    (kind, number, second) of each.
    """
    assert desks.town.limit is not None
    standing = {(each.kind, each.number, each.paid_at) for each in desks.facts()}
    claims = {row[0]: row[1:] for row in desks.ask(CLAIMS)}
    rows = [
        typed(line, row, desks.town.policy, claims[row.voucher[0]]) for line, row in enumerate(come)
    ]
    in_time = [row for row in rows if row.kind == "refund" or row.paid_at < row.expires_at]
    beside = [
        row._replace(stands=(row.kind, row.transaction_no, row.paid_at) in standing)
        for row in in_time
    ]
    policy = programmes.value(programmes.current(desks.session.db, None)).refunds
    ruled = vouchers.judge(StandingFacts(policy, limits.always(desks.town.limit)), beside)
    return {
        (row.kind, row.transaction_no, row.paid_at)
        for row in beside
        if ruled[row.line].reason is None
    }


CLAIMS = "SELECT claim_no, claim_id, resident, expires_at FROM claims"


def typed(line: int, row: Row, policy: str, claim: tuple[Any, ...]) -> Transaction:
    """A row as the law sees it."""
    claim_id, resident, expires_at = claim
    at = CLAIMED + row.at * 60
    return Transaction(
        line,
        row.number,
        "pay" if row.kind == "pay" else "refund",
        row.voucher[0],
        claim_id,
        row.voucher[1],
        resident,
        1 if row.shop == "M1" else 2,
        row.shop,
        at,
        times.day_of(at, towns.ZONE),
        2000 if row.is_half else 4000,
        0,
        100 * row.subsidy(policy),
        4000,
        row.of,
        expires_at,
        stands=False,
        batch_id=line,
    )


def stays_under_limits(town: Town, history: tuple[list[Row], Files, list[Any]]) -> int:
    """How many facts stand in the end, of which none ever gave way to a limit."""
    with TemporaryDirectory() as folder:
        desks = Desks(Path(folder, "a"), town)
        stood = desks.facts()

        def look(file: int | None) -> None:
            nonlocal stood
            desks.books_hold()
            within_limit(desks)
            now = desks.facts()
            known = None if file is None else desks.batch(file)
            if not was_undone(desks):
                gone_for_a_reason(stood, now, known[0] if known else None)
            stood = now

        undone = 0

        def was_undone(desks: Desks) -> bool:
            nonlocal undone
            ((count,),) = desks.ask("SELECT count(*) FROM batches WHERE state = 'undone'")
            before, undone = undone, count
            return bool(count > before)

        with closing(desks.session.db):
            come = play(desks, history, look)
            lawful = lawful_beside_what_stands(desks, come)
            assert lawful == {(each.kind, each.number, each.paid_at) for each in desks.facts()}
            return len(lawful)


@settings(TRIED, max_examples=MANY or 3)
@given(history=histories(9))
def test_what_stands_under_a_limit_stays(history: Any) -> None:
    assert stays_under_limits(Town("full_restores", limit=1), history) >= 0


@pytest.mark.slow
@settings(TRIED, max_examples=MANY or 300)
@given(
    policy=st.sampled_from([*POLICIES]),
    limit=st.integers(1, 2),
    lines=st.integers(2, 4),
    bytes_=st.sampled_from([BY_ROWS, BY_COLUMNS]),
    history=histories(14),
)
def test_what_stands_stays_in_long_histories(
    policy: str, limit: int, lines: int, bytes_: int, history: Any
) -> None:
    assert stays_under_limits(Town(policy, limit, lines, bytes_), history) >= 0
