"""Claims files in any order, overlapping and split, once their rejects were judged again: where no
limit of a person decides, the order does not matter; where one does, what stands stays.
"""

from __future__ import annotations

import os
import random
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from towns import CLAIMS, CLOSES, OPENS, PAYMENTS, ZONE

from vouchercli.errors import VoucherError
from vouchercli.ops.intake import chunks, retries
from vouchercli.ops.intake.claims import KIND, import_claims
from vouchercli.ops.intake.redemptions import KIND as REDEMPTIONS
from vouchercli.ops.intake.redemptions import import_redemptions
from vouchercli.rules import claims as law
from vouchercli.rules import times
from vouchercli.rules.limits import per_round
from vouchercli.store import checks, identities, persons

if TYPE_CHECKING:
    from vouchercli.session import Session

Rounds = dict[str, tuple[str, int, int]]
START, END = towns.at(OPENS), towns.at(CLOSES)
KINDS = {"claims": KIND, "redemptions": REDEMPTIONS}
# state, packs, packs a resident
ROUNDS = {
    "r": ("open", 3, 1),
    "s": ("open", 4, 2),
    "draft": ("draft", 3, 1),
}
# The same where nobody reaches the limit of a person.
FREE_ROUNDS = {code: (state, packs, 24) for code, (state, packs, _) in ROUNDS.items()}
# The same where packs of other rounds count, two rounds are for residents of a list, and in one
# round some residents are one person.
LATER = START + 120 * 3600  # a new week begins 64 hours after the opening
LIMITED = {"packs_per_resident_per_week": 2, "packs_per_resident": 3}
GROUPS = {"medics": ("medics", "fcfs"), "listed": ("", "targeted")}  # round -> group, mode
LIMITED_ROUNDS = {
    **ROUNDS,
    "medics": ("open", 2, 2),
    "listed": ("open", 3, 2),
    "twins": ("open", 3, 1),
}
LISTED = {"medics": ("ann", "bob"), "guards": ("cat", "bob")}  # group -> residents
TWINS = ("ann", "eve")  # one person in the round `twins`
FACTS = """
SELECT c.claim_no, r.round, c.resident, c.claimed_at FROM claims c JOIN rounds r USING (round_id)
    ORDER BY c.claimed_at, c.claim_no
"""
ROW = st.tuples(
    st.sampled_from(["1", "2", "3", "4", "5", "6", "7", "8", "9"]),
    st.sampled_from(["r", "r", "r", "s", "s", "draft", "none"]),
    st.sampled_from(["ann", "bob", "cat", "dan", "eve"]),
    st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 60]),
)


LIMITED_ROW = st.tuples(
    st.sampled_from([str(n) for n in range(1, 16)]),
    st.sampled_from(["r", "s", "s", "medics", "medics", "listed", "twins", "twins", "none"]),
    st.sampled_from(["ann", "ann", "bob", "cat", "eve"]),
    st.sampled_from([0, 1, 2, 3, 4, 5, 6, 70, 71, 72]),
)


def town(folder: Path, rounds: Rounds = ROUNDS) -> Session:
    """The same town again, in a folder of its own: its rounds, and a merchant."""
    key = ("claim orders", tuple(rounds.items()))
    session = towns.in_folder(folder, key, OPENS, partial(_make, rounds=rounds))
    if rounds is LIMITED_ROUNDS:  # as their applications would show
        ((twins,),) = session.db.execute("SELECT round_id FROM rounds WHERE round = 'twins'")
        token = partial(identities.token, identities.load_ring(session.path))
        persons.join(session.db, twins, [(token(TWINS[0]), token(TWINS[1]))])
    return session


def _make(voucher: Any, *, rounds: Rounds) -> None:
    is_limited = rounds is LIMITED_ROUNDS
    most = max(per_resident for _, _, per_resident in rounds.values())
    limits = {"packs_per_resident_per_round": most} | (LIMITED if is_limited else {})
    towns.build(
        voucher,
        towns.programme(funds={"city": "public"}, limits=limits),
        towns.pack(
            "pack",
            towns.coupon("10", "40", 2),
            validity={"days_after_claim": 3},
            funding={"city": "100%"},
        ),
        merchants="merchant_no,name\nM1,店\n",
    )
    closes = times.shown(LATER if is_limited else END, ZONE)
    for code, (state, packs, per_resident) in rounds.items():
        group, mode = GROUPS.get(code, ("", "fcfs"))
        options = ["--mode", mode, "--per-resident", str(per_resident)]
        options += ["--group", group] if group else []
        towns.make_round(voucher, code, *options, packs=packs, closes=closes, state=state)
    if is_limited:
        rows = "".join(f"{one},{group}\n" for group, all_ in LISTED.items() for one in all_)
        voucher("eligibility", "import", towns.write("list.csv", "resident,group\n" + rows))


def written(hours: float) -> str:
    return times.shown(START + round(hours * 3600), ZONE)


def take(session: Session, number: int, rows: list[Any]) -> int:
    """Import the rows as a file of their own; the batch."""
    path = session.path.parent / f"{number}.csv"
    lines = [
        ",".join((claim_no, round_, resident, written(hours)))
        for claim_no, round_, resident, hours in rows
    ]
    path.write_text("\n".join([CLAIMS.strip(), *lines]) + "\n", "utf-8")
    batch: int = import_claims(session, str(path)).data["batch"]
    return batch


def facts(session: Session) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.db.execute(FACTS)]


def _is_on_list(round_: str, resident: str) -> bool:
    group, mode = GROUPS.get(round_, ("", "fcfs"))
    groups = [each for each, residents in LISTED.items() if resident in residents]
    return group in groups if group else mode != "targeted" or bool(groups)


def lawful(session: Session, rows: list[Any], towns_rounds: Rounds) -> list[tuple[Any, ...]]:
    """What the law makes of all rows together."""
    key, is_limited = identities.load_ring(session.path), towns_rounds is LIMITED_ROUNDS
    week, programme = (
        (LIMITED["packs_per_resident_per_week"], LIMITED["packs_per_resident"])
        if is_limited
        else (None, None)
    )
    rounds = {
        round_: law.ClaimRound(
            state,
            START,
            LATER if is_limited else END,
            packs,
            towns.limited(per_round(GROUPS.get(round_, ("", "fcfs"))[1], limit), week, programme),
        )
        for round_, (state, packs, limit) in towns_rounds.items()
    }
    claims = [
        law.Claim(
            line,
            claim_no,
            round_,
            identities.token(key, resident),
            START + round(hours * 3600),
            _is_on_list(round_, resident),
        )
        for line, (claim_no, round_, resident, hours) in enumerate(rows, 1)
    ]
    twins = [identities.token(key, one) for one in TWINS]
    granted = law.GrantedPacks(persons={("twins", one): twins for one in twins})
    found = law.judge(rounds, claims, granted, ZONE)
    fit = [claim for claim in claims if found[claim.line] is None]
    return sorted(
        ((one.claim_no, one.round, one.resident, one.claimed_at) for one in fit),
        key=lambda one: (one[3], one[0]),
    )


def retry_all(session: Session, batches: list[int]) -> None:
    """Judge every batch again until nothing changes; what leaves meanwhile has given way to an
    earlier use of its number, or to earlier claims of a round that is full.
    """
    changed, turns = True, 0
    while changed:
        changed, turns = False, turns + 1
        assert turns < 9
        for batch in batches:
            before = facts(session)
            retries.retry(session, KINDS, batch)
            after = facts(session)
            changed |= before != after
            for claim_no, round_, resident, claimed_at in {*before} - {*after}:
                of_number = [fact for fact in after if fact[0] == claim_no]
                of_round = [fact for fact in after if fact[1] == round_]
                ((packs,),) = session.db.execute(
                    "SELECT packs FROM rounds WHERE round = ?", (round_,)
                )
                assert any(fact[3] < claimed_at for fact in of_number) or (
                    len(of_round) == packs and all(fact[3] <= claimed_at for fact in of_round)
                ), (claim_no, round_, resident, claimed_at)
    sound(session)


def sound(session: Session) -> None:
    for name, check in checks.CHECKS.items():
        assert check(session.db) == [], name


def _split(chance: random.Random, rows: list[Any], count: int) -> list[list[Any]]:
    """The rows in so many files, some in two of them."""
    files: list[list[Any]] = [[] for _ in range(count)]
    for row in rows:
        for file in chance.sample(files, chance.choice((1, 1, min(2, count)))):
            file.append(row)
    return [chance.sample(file, len(file)) for file in files if file]


def come_in(session: Session, chance: random.Random, rows: list[Any], count: int) -> list[int]:
    """Import the rows in so many files; the batches in any order."""
    batches = [
        take(session, number, file) for number, file in enumerate(_split(chance, rows, count))
    ]
    chance.shuffle(batches)
    return list(dict.fromkeys(batches))


@pytest.mark.slow
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(ROW, min_size=3, max_size=24),
    seed=st.integers(0, 1 << 30),
    count=st.integers(1, 4),
)
def test_without_limits_of_persons_the_order_of_files_does_not_matter(
    rows: list[Any], seed: int, count: int
) -> None:
    """Each row has a second of its own, so that none is earlier by its place in a file alone."""
    rows = [(*row[:3], row[3] + second / 3600) for second, row in enumerate(rows)]
    with TemporaryDirectory() as folder:
        session = town(Path(folder), FREE_ROUNDS)
        with closing(session.db):
            retry_all(session, come_in(session, random.Random(seed), rows, count))
            assert facts(session) == lawful(session, rows, FREE_ROUNDS)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(ROW, min_size=3, max_size=24),
    seed=st.integers(0, 1 << 30),
    count=st.integers(1, 4),
)
def test_what_stands_gives_way_only_to_an_earlier_number_or_seat(
    rows: list[Any], seed: int, count: int
) -> None:
    with TemporaryDirectory() as folder:
        session = town(Path(folder))
        with closing(session.db):
            retry_all(session, come_in(session, random.Random(seed), rows, count))


@settings(
    max_examples=int(os.environ.get("ORDERS", "5")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    rows=st.lists(LIMITED_ROW, min_size=3, max_size=24),
    seed=st.integers(0, 1 << 30),
    count=st.integers(1, 4),
    lines=st.sampled_from([chunks.LINES, 3, 5]),
)
def test_limits_of_week_and_programme_lists_and_persons_hold_in_any_order(
    rows: list[Any], seed: int, count: int, lines: int
) -> None:
    was = chunks.LINES
    with TemporaryDirectory() as folder:
        session = town(Path(folder), LIMITED_ROUNDS)
        with closing(session.db):
            try:
                chunks.LINES = lines
                batches = come_in(session, random.Random(seed), rows, count)
            finally:
                chunks.LINES = was
            retry_all(session, batches)


@pytest.mark.parametrize("first", [0, 1])
def test_under_the_limit_of_a_person_what_came_first_stands(tmp_path: Path, first: int) -> None:
    session = town(tmp_path, LIMITED_ROUNDS)
    with closing(session.db):
        rows = [("1", "twins", "eve", 5), ("2", "twins", "ann", 1)]
        batches = [take(session, number, [rows[number]]) for number in (first, 1 - first)]
        retry_all(session, batches)
        assert [row[0] for row in facts(session)] == [rows[first][0]]


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(ROW, min_size=3, max_size=24),
    standing=st.lists(ROW, max_size=4),
    lines=st.integers(2, 7),
)
def test_a_file_in_chunks_gives_what_the_whole_file_gives(
    rows: list[Any], standing: list[Any], lines: int
) -> None:
    outcomes = []
    was = chunks.LINES
    for width in (was, lines):
        with TemporaryDirectory() as folder:
            session = town(Path(folder))
            with closing(session.db):
                if standing:
                    take(session, 0, standing)
                try:
                    chunks.LINES = width
                    batch = take(session, 1, rows)
                finally:
                    chunks.LINES = was
                rejects = session.db.execute(
                    "SELECT line, reason FROM rejects WHERE batch_id = ? ORDER BY line", (batch,)
                ).fetchall()
                sound(session)
                # of rows that say the same any may be the one refused: it is known by what it says
                refused = sorted((rows[line - 2], reason) for line, reason in rejects)
                outcomes.append((facts(session), refused))
    assert outcomes[0] == outcomes[1]


def test_what_was_redeemed_on_a_claim_that_gives_way_waits_until_the_claim_is_back(
    tmp_path: Path,
) -> None:
    session = town(tmp_path)
    late = take(session, 1, [("L", "r", "ann", 5), ("M", "r", "bob", 6), ("N", "r", "cat", 7)])
    path = tmp_path / "paid.csv"
    paid = [f"T{claim},pay,{claim},1,M1,{written(9)},45,0,10," for claim in "LMN"]
    path.write_text("\n".join([PAYMENTS.strip(), *paid]) + "\n", "utf-8")
    payments = import_redemptions(session, str(path)).data["batch"]
    early = take(session, 2, [("E", "r", "dan", 1), ("F", "r", "bob", 2)])
    # bob has a pack of M already: the earlier F does not take its place
    with pytest.raises(VoucherError) as refused:
        retries.retry(session, KINDS, early)
    assert refused.value.code == "money_moves"
    assert [row[0] for row in facts(session)] == ["L", "M", "N"]
    told = retries.retry(session, KINDS, early, is_sure=True)
    assert [row[0] for row in facts(session)] == ["E", "L", "M"]
    assert told.data["accepted"] == 1
    counted = "SELECT accepted, rejected FROM batches WHERE batch_id = ?"
    assert tuple(session.db.execute(counted, (late,)).fetchone()) == (2, 1)
    assert tuple(session.db.execute(counted, (payments,)).fetchone()) == (2, 1)
    reasons = session.db.execute(
        "SELECT DISTINCT reason FROM rejects WHERE batch_id = ?", (payments,)
    ).fetchall()
    assert [row[0] for row in reasons] == ["unknown_claim"]
    sound(session)
    session.db.execute("UPDATE rounds SET packs = 4 WHERE round = 'r'")
    retries.retry(session, KINDS, late)
    assert [row[0] for row in facts(session)] == ["E", "L", "M", "N"]
    retries.retry(session, KINDS, payments)
    assert tuple(session.db.execute(counted, (payments,)).fetchone()) == (3, 0)
    sound(session)
    session.db.close()
