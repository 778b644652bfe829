"""A claim number is held by the claim that stands with it, and by no row that got no pack: by rows
and by columns, in any order of files, after a retry and an undo.
"""

from __future__ import annotations

from contextlib import closing
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
import towns
from test_claim_orders import KINDS, START, facts, retry_all, sound, take, town

from vouchercli.ops.intake import by_columns, chunks, retries, undoing
from vouchercli.rules import claims as law

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.session import Session

FULL = [("1", "r", "ann", 0), ("2", "r", "bob", 1), ("3", "r", "cat", 2)]  # all packs of the round
NO_PACK = ("9", "r", "dan", 3)
NO_SECOND = ("9", "r", "ann", 3 / 60)  # the round has one pack for each resident
AT_FOUR = START + 4 * 3600
LATER, LAST = ("9", "s", "eve", 4), ("9", "s", "fay", 5)


@pytest.fixture(params=["rows", "chunks", "columns"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How files are read."""
    if request.param != "rows":
        monkeypatch.setattr(chunks, "LINES", 2)
    if request.param == "columns":
        pytest.importorskip("polars")
        monkeypatch.setattr(by_columns, "BYTES", 1)
    return str(request.param)


def numbers(session: Session) -> list[tuple[str, str]]:
    """Number and round of all that stands, in the order of time."""
    return [(claim_no, round_) for claim_no, round_, *_ in facts(session)]


def rejects(session: Session) -> list[tuple[str, str]]:
    """Round and reason of all rejects."""
    sql = "SELECT detail ->> 'round', reason FROM rejects ORDER BY 1, 2"
    return [tuple(row) for row in session.db.execute(sql)]


STANDING = [("1", "r"), ("2", "r"), ("3", "r"), ("9", "s")]


@pytest.mark.parametrize(
    ("first", "reason"), [(NO_PACK, "over_quota"), (NO_SECOND, "resident_limit")]
)
@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_row_without_a_pack_leaves_its_number_to_a_later_row_of_its_file(
    tmp_path: Path, way: str, first: Any, reason: str, is_reversed: bool
) -> None:
    session = town(tmp_path)
    with closing(session.db):
        rows = [*FULL, first, LATER, LAST]
        take(session, 1, rows[::-1] if is_reversed else rows)
        assert numbers(session) == STANDING
        assert rejects(session) == [("r", reason), ("s", "claim_reused")]
        sound(session)


@pytest.mark.parametrize("order", [*permutations([0, 1, 2])])
def test_the_order_of_files_does_not_matter_to_a_number(
    tmp_path: Path, way: str, order: tuple[int, ...]
) -> None:
    session = town(tmp_path)
    with closing(session.db):
        files = [FULL, [NO_PACK], [LATER, LAST]]
        batches = [take(session, number, files[number]) for number in order]
        retry_all(session, batches)
        assert numbers(session) == STANDING
        assert rejects(session) == [("r", "over_quota"), ("s", "claim_reused")]


def test_a_row_that_gets_its_pack_in_a_retry_takes_its_number_and_an_undo_gives_it_back(
    tmp_path: Path, way: str
) -> None:
    session = town(tmp_path)
    with closing(session.db):
        full, without, later = (
            take(session, number, rows)
            for number, rows in enumerate([FULL, [NO_PACK], [LATER, LAST]])
        )
        assert numbers(session) == STANDING
        undoing.undo(session, KINDS, full)
        assert retries.retry(session, KINDS, without).data["accepted"] == 1
        assert numbers(session) == [("9", "r")]
        assert rejects(session) == [("s", "claim_reused"), ("s", "claim_reused")]
        sound(session)
        undoing.undo(session, KINDS, without)
        assert retries.retry(session, KINDS, later).data["accepted"] == 1
        assert [row[:2] + row[3:] for row in facts(session)] == [("9", "s", AT_FOUR)]
        sound(session)


def test_a_claim_that_loses_its_seat_leaves_its_number_in_the_same_retry(
    tmp_path: Path, way: str
) -> None:
    session = town(tmp_path)
    with closing(session.db):
        take(session, 1, FULL)
        take(session, 2, [("3", "s", "eve", 4), ("3", "s", "fay", 5)])
        early = take(session, 3, [("4", "r", "dan", 0.5)])
        assert numbers(session) == [("1", "r"), ("2", "r"), ("3", "r")]
        retries.retry(session, KINDS, early)
        assert numbers(session) == [("1", "r"), ("4", "r"), ("2", "r"), ("3", "s")]
        assert rejects(session) == [("r", "over_quota"), ("s", "claim_reused")]
        sound(session)


def test_the_law_gives_a_number_to_the_first_row_that_gets_a_pack() -> None:
    rounds = {
        "full": law.ClaimRound("open", 0, 100, 0, towns.limited()),
        "free": law.ClaimRound("open", 0, 100, 5, towns.limited()),
    }
    rows = [("full", 1), ("full", 1), ("free", 2), ("free", 3), ("free", 2)]
    claims = [
        law.Claim(line, "9", round_, bytes([at]), at) for line, (round_, at) in enumerate(rows, 1)
    ]
    found = law.judge(rounds, claims, law.GrantedPacks())
    assert [*found.items()] == [
        (1, "over_quota"),
        (2, "duplicate"),
        (3, None),
        (5, "duplicate"),
        (4, "claim_reused"),
    ]


def test_a_row_that_came_too_late_for_a_pack_is_still_held_against_its_number(
    tmp_path: Path, way: str
) -> None:
    """The round is sold out before: no other row can give it a pack. Yet its number may stand, or
    its second may be that of another row, which nobody can tell from it.
    """
    session = town(tmp_path)
    with closing(session.db):
        late = [(claim_no, "r", "dan", 8) for claim_no in ("6", "7", "8")]
        take(session, 1, [*FULL, ("5", "r", "dan", 8), *late, ("7", "s", "fay", 7)])
        take(session, 2, [("0", "r", "dan", 9), ("4", "r", "dan", 9), ("4", "s", "eve", 9)])
        assert numbers(session) == [*STANDING[:3], ("7", "s")]
        refused = ["claim_reused", "conflicting_row", *["over_quota"] * 4]
        assert rejects(session) == [*(("r", why) for why in refused), ("s", "conflicting_row")]
        sound(session)
