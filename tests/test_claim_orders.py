"""The order in which claims files come, their overlaps and their splits do not matter once the rejects were judged again."""

from __future__ import annotations

import random
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vouchercli.ops import chunks, retries
from vouchercli.ops.claims import KIND, import_claims
from vouchercli.ops.redemptions import KIND as REDEMPTIONS
from vouchercli.ops.redemptions import import_redemptions
from vouchercli.rules import claims as law
from vouchercli.rules import programmes as programme_rules
from vouchercli.rules import templates as template_rules
from vouchercli.rules import times
from vouchercli.store import checks, identities, programmes, templates
from vouchercli.store import db as store

ZONE = "Asia/Shanghai"
START = times.parse("2020-03-27 08:00", ZONE)
END = START + 48 * 3600
KINDS = {"claims": KIND, "redemptions": REDEMPTIONS}
PROGRAMME = {
    "programme": "p", "name": {"zh": "项目", "en": "P"}, "time_zone": ZONE, "funders": {"city": {"kind": "public"}},
}
TEMPLATE = {
    "template": "t", "name": {"zh": "券", "en": "T"},
    "coupons": [{"count": 2, "kind": "amount_off", "denomination": "10.00", "threshold": "40.00"}],
    "validity": {"days_after_claim": 3}, "funding": {"city": "100%"},
}
ROUNDS = {"r": ("open", 3, 1), "s": ("open", 4, 2), "draft": ("draft", 3, 1)}  # state, packs, packs a resident
ADD_ROUND = """
INSERT INTO rounds (programme_id, round, template_id, state, mode, packs, opens_at, closes_at, per_resident, created_by, edited_by,
    created_at)
VALUES (1, ?, 1, ?, 'fcfs', ?, ?, ?, ?, '', '', 0)
"""
FACTS = """
SELECT c.claim_no, r.round, c.resident, c.claimed_at FROM claims c JOIN rounds r USING (round_id) ORDER BY c.claimed_at, c.claim_no
"""
HEADER = "claim_no,round,resident,claimed_at"
PAYMENTS = "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,merchant_discount,subsidy,refund_of"

ROW = st.tuples(
    st.sampled_from(["1", "2", "3", "4", "5", "6", "7", "8", "9"]), st.sampled_from(["r", "r", "r", "s", "s", "draft", "none"]),
    st.sampled_from(["ann", "bob", "cat", "dan", "eve"]), st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 60]),
)


@cache
def _built() -> tuple[bytes, bytes]:
    """A database of a programme with its rounds and a merchant, and its key."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "voucher.db"
        with closing(store.open_db(path, create=True)) as db:
            identities.load_key(path, create=True)
            programme, faults = programme_rules.read(PROGRAMME)
            template, more = template_rules.read(TEMPLATE)
            assert programme and template, faults + more
            programmes.save(db, programme, PROGRAMME, "", 0)
            templates.save(db, template, TEMPLATE, "", 0)
            for round_, (state, packs, per_resident) in ROUNDS.items():
                db.execute(ADD_ROUND, (round_, state, packs, START, END, per_resident))
            db.execute("INSERT INTO segments VALUES (1, '', '', '')")
            db.execute("INSERT INTO merchants (merchant_id, merchant_no, segment_id, added_at, changed_at) VALUES (1, 'M1', 1, 0, 0)")
        return path.read_bytes(), identities.key_path(path).read_bytes()


def town(folder: Path) -> store.Session:
    """The same town again, in a folder of its own."""
    path = folder / "voucher.db"
    content, key = _built()
    path.write_bytes(content)
    identities.key_path(path).write_bytes(key)
    identities.key_path(path).chmod(0o600)
    return store.Session(store.open_db(path), path, START, "tester", "tester", START)


def written(hours: int) -> str:
    return times.shown(START + hours * 3600, ZONE)


def take(session: store.Session, number: int, rows: list[Any]) -> int:
    """Import the rows as a file of their own; the batch."""
    path = session.path.parent / f"{number}.csv"
    lines = [",".join((claim_no, round_, resident, written(hours))) for claim_no, round_, resident, hours in rows]
    path.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    batch: int = import_claims(session, str(path)).data["batch"]
    return batch


def facts(session: store.Session) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.db.execute(FACTS)]


def lawful(session: store.Session, rows: list[Any]) -> list[tuple[Any, ...]]:
    """What the law makes of all rows together."""
    key = identities.load_key(session.path)
    rounds = {round_: law.Round(state, START, END, packs, limit) for round_, (state, packs, limit) in ROUNDS.items()}
    claims = [law.Claim(line, claim_no, round_, identities.token(key, resident), START + hours * 3600)
              for line, (claim_no, round_, resident, hours) in enumerate(rows, 1)]
    found = law.judged(rounds, claims, law.Granted())
    granted = [claim for claim in claims if found[claim.line] is None]
    return sorted(((one.claim_no, one.round, one.resident, one.claimed_at) for one in granted), key=lambda one: (one[3], one[0]))


def retried(session: store.Session, order: list[int]) -> list[tuple[Any, ...]]:
    """The facts after every batch was judged again, twice if the first time changed anything."""
    for _ in range(2):
        before = facts(session)
        for batch in order:
            retries.retry(session, KINDS, batch)
        if facts(session) == before:
            break
    return facts(session)


def sound(session: store.Session) -> None:
    for name, check in checks.CHECKS.items():
        assert check(session.db) == [], name


def retry_until_nothing_changes(session: store.Session, rows: list[Any], batches: list[int]) -> None:
    assert retried(session, batches) == lawful(session, rows)
    once = facts(session)
    for batch in batches:
        retries.retry(session, KINDS, batch)
    assert facts(session) == once
    sound(session)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(ROW, min_size=3, max_size=24), seed=st.integers(0, 1 << 30), count=st.integers(1, 4))
def test_files_in_any_order_split_or_overlapping_give_the_same_claims(rows: list[Any], seed: int, count: int) -> None:
    chance = random.Random(seed)
    files: list[list[Any]] = [[] for _ in range(count)]
    for row in rows:
        for file in chance.sample(files, chance.choice((1, 1, min(2, count)))):
            file.append(row)
    with TemporaryDirectory() as folder:
        session = town(Path(folder))
        with closing(session.db):
            batches = [take(session, number, chance.sample(file, len(file))) for number, file in enumerate(files) if file]
            chance.shuffle(batches)
            retry_until_nothing_changes(session, rows, list(dict.fromkeys(batches)))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(ROW, min_size=3, max_size=24), standing=st.lists(ROW, max_size=4), lines=st.integers(2, 7))
def test_a_file_in_chunks_gives_what_the_whole_file_gives(rows: list[Any], standing: list[Any], lines: int) -> None:
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
                rejects = session.db.execute("SELECT line, reason FROM rejects WHERE batch_id = ? ORDER BY line", (batch,)).fetchall()
                sound(session)
                outcomes.append((facts(session), [tuple(row) for row in rejects]))
    assert outcomes[0] == outcomes[1]


def test_what_was_redeemed_on_a_claim_that_gives_way_waits_until_the_claim_is_back(tmp_path: Path) -> None:
    session = town(tmp_path)
    late = take(session, 1, [("L", "r", "ann", 5), ("M", "r", "bob", 6), ("N", "r", "cat", 7)])
    path = tmp_path / "paid.csv"
    paid = [f"T{claim},pay,{claim},1,M1,{written(9)},45,0,10," for claim in "LMN"]
    path.write_text("\n".join([PAYMENTS, *paid]) + "\n", "utf-8")
    payments = import_redemptions(session, str(path)).data["batch"]
    early = take(session, 2, [("E", "r", "dan", 1), ("F", "r", "bob", 2)])
    told = retries.retry(session, KINDS, early)
    assert [row[0] for row in facts(session)] == ["E", "F", "L"]
    assert told.data["accepted"] == 2
    counted = "SELECT accepted, rejected FROM batches WHERE batch_id = ?"
    assert tuple(session.db.execute(counted, (late,)).fetchone()) == (1, 2)
    assert tuple(session.db.execute(counted, (payments,)).fetchone()) == (1, 2)
    reasons = session.db.execute("SELECT DISTINCT reason FROM rejects WHERE batch_id = ?", (payments,)).fetchall()
    assert [row[0] for row in reasons] == ["unknown_claim"]
    sound(session)
    session.db.execute("UPDATE rounds SET packs = 4 WHERE round = 'r'")
    retries.retry(session, KINDS, late)
    assert [row[0] for row in facts(session)] == ["E", "F", "L", "N"]
    retries.retry(session, KINDS, payments)
    assert tuple(session.db.execute(counted, (payments,)).fetchone()) == (2, 1)
    sound(session)
    session.db.close()
