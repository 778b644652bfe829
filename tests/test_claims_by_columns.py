"""Claims proved by columns give the same facts, counts and rejects as claims judged one by one, on
random small files.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_claim_orders import (
    LIMITED_ROUNDS,
    LIMITED_ROW,
    ROUNDS,
    START,
    facts,
    sound,
    take,
    town,
    written,
)
from towns import CLAIMS, ZONE

from vouchercli.ops.intake import by_columns, chunks, staging
from vouchercli.ops.intake.by_columns.claims import _expiry_pace
from vouchercli.ops.intake.claims import import_claims
from vouchercli.rules import templates as template_rules
from vouchercli.rules import times
from vouchercli.store import identities

if TYPE_CHECKING:
    from vouchercli.ops.intake.kinds import Intake, Written
    from vouchercli.session import Session

pytest.importorskip("polars")

LEFT = """
SELECT c.claim_no, c.round_id, hex(c.resident), c.claimed_at, c.expires_at, c.batch_id, c.line
    FROM claims c ORDER BY c.claim_no
"""
COUNTED = (
    "SELECT batch_id, state, read, accepted, duplicate, rejected FROM batches ORDER BY batch_id"
)
CELLS = st.tuples(
    st.sampled_from(["1", "2", "3", "4", "5", "6", "7", "8", "9", "", " 7", '"8"']),
    st.sampled_from(["r", "r", "r", "s", "s", "draft", "nowhere", " s"]),
    st.sampled_from(["ann", "bob", "cat", "dan", "eve", "fay", "", " bob"]),
    st.sampled_from(
        [
            "2020-03-27 08:00:00",
            "2020-03-27T09:30:00",
            "2020-03-27 10:00:01",
            "2020-03-28 00:00:00",
            "2020-03-28 23:59:59",
            "2020-03-29 08:00:00",
            "2020-03-27 07:59:59",
            "2020-3-27 11:00",
            "2020-02-30 08:00:00",
            "soon",
        ]
    ),
)
LINE = st.one_of(
    CELLS.map(",".join),
    CELLS.map(",".join),
    CELLS.map(lambda cells: ",".join((*cells, "more"))),
    st.just(""),
)


def imported(
    session: Session, lines: list[str], width: int, size: int, platform: str | None = None
) -> dict[str, Any]:
    """Import the lines in chunks of `width`, by columns from `size` bytes on; what is left then."""
    path = session.path.parent / "many.csv"
    path.write_text("\n".join([CLAIMS.strip(), *lines]) + "\n", "utf-8")
    was = chunks.LINES, by_columns.BYTES
    try:
        chunks.LINES, by_columns.BYTES = width, size
        data = import_claims(session, str(path), platform=platform).data
    finally:
        chunks.LINES, by_columns.BYTES = was
    # A row that gave way is kept by our own fields, one that was refused at once as it came: the
    # cells are not compared.
    asked = {
        "totals": "SELECT * FROM claim_totals",
        "rejects": "SELECT batch_id, line, reason, detail FROM rejects",
    }
    left = {
        name: sorted(tuple(row) for row in session.db.execute(sql)) for name, sql in asked.items()
    }
    asked = {
        "facts": LEFT,
        "batches": COUNTED,
        "rounds": "SELECT round, claimed FROM rounds ORDER BY 1",
    }
    told = {key: value for key, value in data.items() if key != "file"}
    left |= {name: [tuple(row) for row in session.db.execute(sql)] for name, sql in asked.items()}

    # of rows that say the same any may stand or be refused: a row is known by what it says
    def said(batch_id: int, line: int) -> Any:
        return lines[line - 2] if batch_id == data["batch"] else line

    left["facts"] = [(*fact, said(batch_id, line)) for *fact, batch_id, line in left["facts"]]
    left["rejects"] = sorted(
        (batch_id, str(said(batch_id, line)), *why) for batch_id, line, *why in left["rejects"]
    )
    return left | {"told": told}


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    lines=st.lists(LINE, min_size=1, max_size=30),
    standing=st.lists(CELLS, max_size=4),
    width=st.integers(3, 12),
)
def test_columns_and_judge_give_the_same_facts_rejects_and_counts(
    lines: list[str], standing: list[Any], width: int
) -> None:
    outcomes = []
    for size in (1 << 40, 1):
        with TemporaryDirectory() as folder:
            session = town(Path(folder))
            with closing(session.db):
                path = Path(folder) / "before.csv"
                path.write_text(
                    "\n".join([CLAIMS.strip(), *(",".join(cells) for cells in standing)]) + "\n",
                    "utf-8",
                )
                import_claims(session, str(path))
                outcomes.append(imported(session, lines, width, size))
                sound(session)
    assert outcomes[0] == outcomes[1]


@settings(
    max_examples=int(os.environ.get("ORDERS", "5")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    rows=st.lists(LIMITED_ROW, min_size=1, max_size=30),
    standing=st.lists(LIMITED_ROW, max_size=4),
    width=st.integers(3, 12),
    pause=st.sampled_from([None, (2, 5), (3, None)]),
)
def test_columns_and_judge_follow_lists_limits_and_pauses_alike(
    rows: list[Any], standing: list[Any], width: int, pause: Any
) -> None:
    outcomes = []
    for size in (1 << 40, 1):
        with TemporaryDirectory() as folder:
            session = town(Path(folder), LIMITED_ROUNDS)
            with closing(session.db):
                if standing:
                    take(session, 0, standing)
                if pause:
                    session.db.execute(
                        "INSERT INTO pauses (round_id, from_at, until_at) VALUES (2, ?, ?)",
                        [hour and START + hour * 3600 for hour in pause],
                    )
                lines = [
                    ",".join((claim_no, round_, resident, written(hours)))
                    for claim_no, round_, resident, hours in rows
                ]
                outcomes.append(imported(session, lines, width, size))
                sound(session)
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("size", [1, 1 << 40])
def test_claims_of_another_platform_are_refused_by_columns_as_one_by_one(
    tmp_path: Path, size: int
) -> None:
    session = town(tmp_path)
    session.db.execute("UPDATE rounds SET platform = 'alipay' WHERE round = 's'")
    lines = [f"{n},{round_},p{n},{written(n)}" for n, round_ in enumerate("rsrs", 1)]
    session.db.execute("UPDATE rounds SET platform = 'wechat' WHERE round = 'r'")
    assert imported(session, lines, 2, size, "WeChat")["told"]["reasons"] == {"wrong_platform": 2}
    assert imported(session, lines[:2], 2, size, "alipay")["told"]["accepted"] == 1
    session.db.close()


@pytest.mark.parametrize("until", [5, None])
def test_a_claim_made_in_a_pause_is_not_proved_by_columns(
    tmp_path: Path, until: int | None
) -> None:
    session = town(tmp_path)
    session.db.execute(
        "INSERT INTO pauses (round_id, from_at, until_at) SELECT round_id, ?, ? FROM rounds WHERE"
        " round = 's'",
        (START + 2 * 3600, until and START + until * 3600),
    )
    lines = [
        f"{n},{round_},p{n},{written(hour)}"
        for n, (round_, hour) in enumerate([("s", 1), ("s", 2), ("s", 5), ("r", 3)])
    ]
    reasons = imported(session, lines, 100, 1)["told"]["reasons"]
    assert reasons == {"round_paused": 1 if until else 2}
    session.db.close()


def test_a_large_file_is_proved_by_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vouchercli.ops.intake.by_columns import claims as by_columns

    proofs, wrote = [], by_columns.Writer.write

    def write(self: by_columns.Writer, intake: Intake, proof: by_columns.Proof) -> Written:
        proofs.append(proof)
        return wrote(self, intake, proof)

    monkeypatch.setattr(by_columns.Writer, "write", write)
    session = town(tmp_path)
    lines = [
        "1,r,ann,2020-03-27 08:00:00",
        "1,r,ann,2020-03-27 08:00:00",
        "2,r,bob,2020-03-27 08:00:01",
        "3,nowhere,cat,2020-03-27 08:00:01",
    ]
    told = imported(session, lines, 100, 1)["told"]
    assert [(proof.fit.height, proof.repeated, proof.lines) for proof in proofs] == [(2, 1, [5])]
    assert (told["accepted"], told["duplicate"], told["reasons"]) == (2, 1, {"unknown_round": 1})
    session.db.close()


def test_a_round_that_fills_up_keeps_the_first_to_come_of_all_chunks(tmp_path: Path) -> None:
    session = town(tmp_path)
    # the last line came first
    lines = [f"{n},r,p{n},2020-03-27 {20 - n:02d}:00:00" for n in range(9)]
    assert imported(session, lines, 3, 1)["told"]["reasons"] == {"over_quota": 9 - ROUNDS["r"][1]}
    assert [row[0] for row in facts(session)] == ["8", "7", "6"]
    sound(session)
    session.db.close()


@pytest.mark.parametrize("size", [1, 1 << 40])
@pytest.mark.parametrize("width", [3, 100])
def test_a_pack_that_two_contradicting_rows_free_goes_to_who_came_next(
    tmp_path: Path, width: int, size: int
) -> None:
    session = town(tmp_path)
    assert ROUNDS["r"][1] == 3
    lines = [f"{n},r,p{n},2020-03-27 {n:02d}:00:00" for n in (11, 12, 13, 14, 15, 16)]
    lines.append("11,r,another,2020-03-27 11:00:00")  # so 11 is nobody's, and 14 has its pack
    told = imported(session, lines, width, size)["told"]
    assert told["reasons"] == {"conflicting_row": 2, "over_quota": 2}
    assert sorted(row[0] for row in facts(session)) == ["12", "13", "14"]
    sound(session)
    session.db.close()


def test_rows_that_no_row_of_their_file_can_lift_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = town(tmp_path)
    staged: list[int] = []
    stage = staging.stage

    def noted(intake: Any, records: Any, **how: Any) -> None:
        kept = list(records)
        staged.append(len(kept))
        stage(intake, kept, **how)

    monkeypatch.setattr(staging, "stage", noted)
    lines = [f"{n},r,p{n},2020-03-27 11:00:{n:02d}" for n in range(10, 20)]
    imported(session, lines, 4, 1 << 40)
    assert sum(staged) == 10
    lines = [f"{n},r,q{n},2020-03-27 11:00:{n:02d}" for n in (29, 28, 11, 27)]
    staged.clear()
    imported(session, lines, 3, 1 << 40)  # only the row whose number stands is read again
    assert (sum(staged), [row[0] for row in facts(session)]) == (5, ["10", "11", "12"])
    session.db.close()


def test_blocks_are_small_where_most_rows_are_left_to_the_judge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "ROWS", 3)
    monkeypatch.setattr(chunks, "LEFT_TO_JUDGE", 3)
    session = town(tmp_path)
    imported(session, [f"{n},r,p{n},2020-03-27 11:00:0{n}" for n in range(3)], 24, 1)  # all packs
    told = imported(session, [f"{n},r,p{n},2020-03-27 12:00:{n}" for n in range(10, 33)], 24, 1)
    assert told["told"]["reasons"] == {"over_quota": 23}
    last = "SELECT chunks FROM batches ORDER BY batch_id DESC LIMIT 1"
    # of three lines each, the header among them; without that one of all 24
    assert session.db.execute(last).fetchone()[0] == 8
    session.db.close()


def test_one_who_may_have_two_packs_never_gets_three(tmp_path: Path) -> None:
    session = town(tmp_path)
    first = take(session, 1, [("A", "s", "ann", 0)])
    take(session, 2, [("B", "s", "ann", 1)])
    from vouchercli.ops.intake import undoing
    from vouchercli.ops.intake.batches import KINDS

    undoing.undo(session, KINDS, first)
    take(session, 3, [("C", "s", "ann", 2)])  # ann holds the packs 2 and 3
    assert imported(session, ["D,s,ann,2020-03-27 12:00:00"], 100, 1)["told"]["reasons"] == {
        "resident_limit": 1
    }
    sound(session)
    session.db.close()


@pytest.mark.parametrize(
    "validity", [{"days_after_claim": 3}, {"until": "2020-04-10 20:00"}, "calendar_month"]
)
@pytest.mark.parametrize("zone", [ZONE, "Europe/Berlin", "America/St_Johns"])
def test_the_end_of_a_voucher_by_day_is_that_of_the_rules(validity: Any, zone: str) -> None:
    document = {
        **towns.pack(),
        "validity": {"calendar_month": True} if validity == "calendar_month" else validity,
    }
    pack, faults = template_rules.read(document)
    assert pack, faults
    for day in range(20200301, 20200332):
        midnight, end = times.day_bounds(day, zone)
        first, pace = _expiry_pace(pack, midnight, zone)
        if end - midnight == 86_400 and first is not None:
            for second in range(0, 86_400, 599):
                assert first + pace * second == template_rules.expires_at(
                    pack, midnight + second, zone
                )
    assert first is not None and START


def test_tokens_of_many_are_those_of_one() -> None:
    people = ["330102199001010012", "x" * 200, "\u674e"]
    for keys in ((bytes(range(32)),), (bytes(range(32)), bytes(32), b"k" * 32)):
        ring = identities.Ring(keys)
        assert identities.tokens(ring, people) == [identities.token(ring, one) for one in people]
