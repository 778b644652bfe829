"""Small files that overlap, imported, undone and judged again in any order: nothing is lost, nothing
stands twice, every count is true; and what stands in the end is what the remaining files give.
"""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from test_claim_orders import FREE_ROUNDS, LIMITED_ROUNDS, LIMITED_ROW, ROW, lawful, sound, town
from test_claim_orders import written as moment
from towns import CLAIMS, PAYMENTS

from vouchercli.errors import VoucherError
from vouchercli.ops.intake import (
    batches,
    by_columns,
    chunks,
    claims,
    redemptions,
    registries,
    undoing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vouchercli.session import Session

MANY = settings(
    max_examples=int(os.environ.get("ORDERS", "3")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each deed takes long: nothing is shrunk
)
FACTS = {
    "claims": "SELECT batch_id, line FROM claims",
    "redemptions": "SELECT batch_id, line FROM redemption_facts",
}
CONTENT = {
    "claims": """
SELECT claim_no, round, hex(resident), claimed_at FROM claims JOIN rounds USING (round_id)
    ORDER BY 1, 2, 3, 4
""",
    "redemptions": """
SELECT transaction_no, kind, claim_no, coupon_no, merchant_id, paid_at, base_fen, subsidy_fen
    FROM redemption_facts JOIN claims USING (claim_id) ORDER BY 1, 2, 3, 4
""",
}
# A duplicate of a fact that does not stand, or that is of its own file.
IDLE = """
SELECT d.* FROM duplicates d JOIN batches b USING (batch_id)
WHERE b.kind = ? AND (d.batch_id = d.of_batch OR (d.of_batch, d.of_line) NOT IN ({}))
"""
COUNTS = """
SELECT read, accepted, duplicate, rejected, state FROM batches WHERE batch_id = ?
"""


@dataclass
class Desk:
    """A town, the files that may come, and the batch of each file that stands."""

    session: Session
    kind: str
    header: str
    files: list[list[str]]
    standing: dict[int, int] = field(default_factory=dict)  # file -> batch

    def do(self, deed: str, which: int) -> None:
        """One deed on one file; what is not lawful then is refused and changes nothing."""
        if deed == "import":
            self.take_in(which)
        elif which in self.standing and deed == "retry":
            batches.retry_batch(self.session, self.standing[which], is_sure=True)
        elif which in self.standing and deed == "undo":
            try:
                batches.undo_batch(self.session, self.standing[which], is_sure=True)
            except VoucherError as refused:
                assert refused.code == "batch_built_upon"
                return
            del self.standing[which]
        self.prove()

    def take_in(self, which: int, encoding: str | None = None) -> dict[str, Any]:
        path = self.session.path.parent / f"{which}.csv"
        # blank lines at its end, so that no two files are the same
        path.write_text(self.header + "".join(self.files[which]) + "\n" * which, "utf-8")
        importer = {"claims": claims.import_claims, "redemptions": redemptions.import_redemptions}
        data = importer[self.kind](self.session, str(path), encoding=encoding).data
        assert ("repeats" in data) == (which in self.standing and encoding is None)
        self.standing[which] = data["batch"]
        return dict(data)

    def rows(self, statement: str, *asked: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.session.db.execute(statement, asked)]

    def prove(self) -> None:
        """Every row of every standing file is a fact, a reject, or says what such a row says."""
        sound(self.session)
        facts = self.rows(FACTS[self.kind])
        assert len(facts) == len({*facts})
        content = self.rows(CONTENT[self.kind])
        assert len(content) == len({*content}), "a fact stands twice"
        file_of = {batch: which for which, batch in self.standing.items()}
        # nothing stands that no file has
        said = {self.said(file_of[batch], line) for batch, line in facts}
        assert self.rows(IDLE.format(FACTS[self.kind]), self.kind) == []
        for which, batch in self.standing.items():
            self.prove_one(which, batch, said, {line for owner, line in facts if owner == batch})

    def prove_one(self, which: int, batch: int, said: set[str], accepted: set[int]) -> None:
        rejected = {row[0] for row in self.rows("SELECT line FROM rejects WHERE batch_id=?", batch)}
        others = {*range(2, 2 + len(self.files[which]))} - accepted - rejected
        assert not accepted & rejected
        assert self.rows(COUNTS, batch) == [
            (len(self.files[which]), len(accepted), len(others), len(rejected), "done")
        ]
        refused = {self.said(which, line) for line in rejected}
        assert {self.said(which, line) for line in others} <= said | refused, "a row is lost"
        noted = {
            row[0] for row in self.rows("SELECT line FROM duplicates WHERE batch_id = ?", batch)
        }
        own = {self.said(which, line) for line in accepted | noted} | refused
        assert {self.said(which, line) for line in others - noted} <= own, "nobody knows whose"

    def said(self, which: int, line: int) -> str:
        return self.files[which][line - 2]

    def retry_all(self) -> list[tuple[Any, ...]]:
        """What stands once retries change nothing more."""
        before: list[tuple[Any, ...]] = []
        for _ in range(9):
            for which in self.standing:
                self.do("retry", which)
            now = self.rows(CONTENT[self.kind])
            if now == before:
                return now
            before = now
        raise AssertionError("the retries come to no end")


DEEDS = st.lists(
    st.tuples(st.sampled_from(["import", "import", "undo", "undo", "retry"]), st.integers(0, 2)),
    min_size=3,
    max_size=14,
)
WIDTHS = st.sampled_from([chunks.LINES, 2, 3])


@pytest.fixture(autouse=True)
def _usual_sizes() -> Iterator[None]:
    was = chunks.LINES, by_columns.BYTES
    yield
    chunks.LINES, by_columns.BYTES = was


def claims_file(rows: Sequence[Any]) -> list[str]:
    return [f"{no},{round_},{who},{moment(hours)}\n" for no, round_, who, hours in rows]


def overlapping(draw: Callable[..., Any], rows: Sequence[Any]) -> list[list[Any]]:
    """Three files of these rows; most rows stand in several, some twice in one."""
    files: list[list[Any]] = [[], [], []]
    for row in rows:
        for which in draw(st.lists(st.integers(0, 2), min_size=1, max_size=4)):
            files[which].append(row)
    return files


@MANY
@given(data=st.data(), deeds=DEEDS, width=WIDTHS)
def test_claims_of_overlapping_files_are_never_lost(data: Any, deeds: Any, width: int) -> None:
    rows = data.draw(st.lists(ROW, min_size=2, max_size=9))
    rows = [(*row[:3], row[3] + second / 3600) for second, row in enumerate(rows)]
    files = overlapping(data.draw, rows)
    chunks.LINES = width
    with TemporaryDirectory() as folder:
        session = town(Path(folder), FREE_ROUNDS)
        with closing(session.db):
            desk = Desk(session, "claims", CLAIMS, [claims_file(file) for file in files])
            for deed in deeds:
                desk.do(*deed)
            desk.retry_all()
            left = [row for which in sorted(desk.standing) for row in files[which]]
            wanted = [
                (no, round_, resident.hex().upper(), at)
                for no, round_, resident, at in lawful(session, left, FREE_ROUNDS)
            ]
            assert desk.rows(CONTENT["claims"]) == sorted({*wanted})


@pytest.mark.slow
@MANY
@given(data=st.data(), deeds=DEEDS, width=WIDTHS)
def test_claims_under_limits_are_never_lost(data: Any, deeds: Any, width: int) -> None:
    files = overlapping(data.draw, data.draw(st.lists(LIMITED_ROW, min_size=2, max_size=9)))
    chunks.LINES = width
    with TemporaryDirectory() as folder:
        session = town(Path(folder), LIMITED_ROUNDS)
        with closing(session.db):
            desk = Desk(session, "claims", CLAIMS, [claims_file(file) for file in files])
            for deed in deeds:
                desk.do(*deed)
            assert desk.retry_all() == desk.retry_all()


# ---------------------------------------------------------------- payments

HOURS = {n: f"2020-03-27 {n:02d}:00:00" for n in range(9, 20)}
PAID = st.tuples(
    st.sampled_from(["T1", "T2", "T3"]),
    st.sampled_from(["pay", "pay", "pay", "refund"]),
    st.sampled_from(["1", "1", "2", "9"]),
    st.sampled_from([*HOURS]),
).map(
    lambda row: (
        f"{row[0]},pay,C{row[2]},1,M1,{HOURS[row[3]]},45,5,10,\n"
        if row[1] == "pay"
        else f"R{row[0]},refund,C{row[2]},1,M1,{HOURS[row[3]]},45,5,10,{row[0]}\n"
    )
)


def payments_town(folder: Path) -> Session:
    session = town(folder, FREE_ROUNDS)
    rows = "".join(f"C{n},r,{who},{moment(0)}\n" for n, who in ((1, "ann"), (2, "bob")))
    claims.import_claims(session, towns.write(folder / "claims.csv", CLAIMS + rows))
    return session._replace(now=towns.at(towns.LATER), entered_at=towns.at(towns.LATER))


T1, R1, T2 = (
    "T1,pay,C1,1,M1,2020-03-27 10:00:00,45,5,10,\n",
    "RT1,refund,C1,1,M1,2020-03-27 11:00:00,45,5,10,T1\n",
    "T2,pay,C1,1,M1,2020-03-27 12:00:00,45,5,10,\n",
)


@MANY
@given(
    files=st.lists(st.lists(PAID, min_size=1, max_size=6), min_size=3, max_size=3),
    deeds=DEEDS,
    width=WIDTHS,
)
@example(
    files=[[T1, R1, T2], [T1, T2], [T2]],
    deeds=[("import", 0), ("import", 1), ("import", 2), ("undo", 0), ("undo", 1), ("undo", 0)],
    width=chunks.LINES,
)
def test_payments_of_overlapping_files_are_never_lost(
    files: list[list[str]], deeds: Any, width: int
) -> None:
    chunks.LINES = width
    with TemporaryDirectory() as folder:
        session = payments_town(Path(folder))
        with closing(session.db):
            desk = Desk(session, "redemptions", PAYMENTS, files)
            for deed in deeds:
                desk.do(*deed)
            assert desk.retry_all() == desk.retry_all()


def left_by(size: int, town_of: Callable[[Path], Session], *desk_of: Any, deeds: Any) -> list[Any]:
    """What stands after those deeds at a desk, where files are read by columns from `size` on."""
    by_columns.BYTES = size
    with TemporaryDirectory() as folder:
        session = town_of(Path(folder))
        with closing(session.db):
            desk = Desk(session, *desk_of)
            for deed in deeds:
                desk.do(*deed)
            return desk.rows(CONTENT[desk_of[0]])


@pytest.mark.slow
@MANY
@given(
    files=st.lists(st.lists(PAID, min_size=1, max_size=6), min_size=3, max_size=3),
    deeds=DEEDS,
)
def test_payments_proved_by_columns_are_duplicates_of_the_same(
    files: list[list[str]], deeds: Any
) -> None:
    pytest.importorskip("polars")
    desk = payments_town, "redemptions", PAYMENTS, files
    assert left_by(1, *desk, deeds=deeds) == left_by(1 << 40, *desk, deeds=deeds)


@pytest.mark.slow
@MANY
@given(data=st.data(), deeds=DEEDS)
def test_claims_proved_by_columns_are_duplicates_of_the_same(data: Any, deeds: Any) -> None:
    pytest.importorskip("polars")
    rows = data.draw(st.lists(ROW, min_size=2, max_size=9))
    files = [claims_file(file) for file in overlapping(data.draw, rows)]
    desk = town, "claims", CLAIMS, files
    assert left_by(1, *desk, deeds=deeds) == left_by(1 << 40, *desk, deeds=deeds)


# ---------------------------------------------------------------- read otherwise


@pytest.mark.slow
@MANY
@given(data=st.data(), deeds=DEEDS, again=st.integers(0, 2))
def test_a_new_reading_is_an_undo_and_an_import(data: Any, deeds: Any, again: int) -> None:
    rows = data.draw(st.lists(ROW, min_size=2, max_size=9))
    files = [claims_file(file) for file in overlapping(data.draw, rows)]
    left = []
    for is_at_once in (True, False):
        with TemporaryDirectory() as folder:
            session = town(Path(folder))
            with closing(session.db):
                desk = Desk(session, "claims", CLAIMS, files)
                for deed in (*deeds, ("import", again)):
                    desk.do(*deed)
                if not is_at_once:
                    undoing.undo(session, batches.KINDS, desk.standing.pop(again))
                desk.take_in(again, encoding="gb18030")
                desk.prove()
                left.append(desk.rows(CONTENT["claims"]))
    assert left[0] == left[1]


# ---------------------------------------------------------------- registries

SHOPS = st.lists(
    st.tuples(st.sampled_from(["S1", "S2", "S3"]), st.sampled_from(["one", "two"])),
    min_size=1,
    max_size=4,
    unique_by=lambda row: row[0],
)
KNOWN = "SELECT merchant_no, name FROM merchants WHERE merchant_no LIKE 'S%' ORDER BY 1"
OF_BATCH = "SELECT count(*) FROM merchant_changes WHERE batch_id = ?"


@pytest.mark.slow
@settings(MANY, max_examples=4 * MANY.max_examples)
@given(files=st.lists(SHOPS, min_size=3, max_size=3), deeds=DEEDS)
@example(
    files=[[("S1", "one"), ("S2", "one")], [("S2", "one"), ("S3", "one")], [("S2", "one")]],
    deeds=[("import", 0), ("import", 1), ("import", 2), ("undo", 0), ("undo", 2), ("undo", 1)],
)
def test_a_merchant_is_as_the_newest_registry_says_that_lists_it(
    files: list[list[tuple[str, str]]], deeds: Any
) -> None:
    standing: dict[int, int] = {}
    with TemporaryDirectory() as folder:
        session = town(Path(folder), FREE_ROUNDS)
        with closing(session.db):
            for deed, which in deeds:
                if deed == "import":
                    rows = "".join(f"{no},{name}\n" for no, name in files[which])
                    path = towns.write(
                        Path(folder, f"{which}.csv"), "merchant_no,name\n" + rows + "\n" * which
                    )
                    standing[which] = registries.import_merchants(session, path).data["batch"]
                elif deed == "undo" and which in standing:
                    try:
                        batches.undo_batch(session, standing[which])
                    except VoucherError as refused:
                        assert refused.code == "batch_built_upon"
                    else:
                        del standing[which]
                newest = sorted(standing, key=standing.__getitem__)
                wanted = {no: name for each in newest for no, name in files[each]}
                assert dict(map(tuple, session.db.execute(KNOWN))) == wanted
                for each, batch in standing.items():
                    ((changed,),) = session.db.execute(OF_BATCH, (batch,))
                    counted = tuple(session.db.execute(COUNTS, (batch,)).fetchone())
                    read = len(files[each])
                    assert counted == (read, changed, read - changed, 0, "done")
                sound(session)
            for batch in sorted(standing.values(), reverse=True):
                batches.undo_batch(session, batch)
            assert session.db.execute(KNOWN).fetchall() == []
