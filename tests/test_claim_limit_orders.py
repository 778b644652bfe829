"""Limits of claims in any order of rows: the law one by one, rows, small chunks and columns give the
same packs; and in any order of files nothing stands that the limits forbid.
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_claim_orders import come_in, facts, retry_all, sound, take
from towns import OPENS, ZONE

from vouchercli.ops.intake import by_columns, chunks
from vouchercli.rules import claims as law
from vouchercli.rules import limits as names
from vouchercli.rules import programmes as documents
from vouchercli.rules.claim_limits import Terms, limits_in_time
from vouchercli.store import identities
from vouchercli.store import limits as store

if TYPE_CHECKING:
    from vouchercli.session import Session

START, HOUR, DAY = towns.at(OPENS), 3_600, 86_400
CLOSES = "2020-05-20 08:00"
# round -> template; template -> kind, face in yuan
ROUNDS = {"a": "ap", "b": "ap", "g": "gen", "h": "gen", "p": "plain"}
TEMPLATES = {"ap": ("appliance", 100), "gen": ("general", 20), "plain": ("", 10)}
PACKS = {"packs_per_resident_per_round": 2}
LIMITS: dict[str, dict[str, Any]] = {
    "kinds": {"packs_per_resident": {"appliance": 1, "gen": 2}},
    "days": {"packs_per_resident_per_day": 1, "packs_per_resident_per_week": {"general": 1}},
    "months": {"packs_per_resident_per_month": 2, "one_of": [["a", "g"], ["plain", "general"]]},
    "face": {
        "face_per_resident": [
            {"per": "day", "at_most": "100.00"},
            {"per": "programme", "at_most": "140.00"},
        ]
    },
    "waits": {"next_claim": "after_redeemed_or_expired"},
    "again": {"packs_per_resident": 1, "again_after_expiry": 2},
    "waits of a kind": {"next_claim": {"appliance": "after_redeemed"}, "again_after_expiry": 1},
}
ROW = st.tuples(
    st.sampled_from([str(n) for n in range(1, 16)]),
    st.sampled_from([*ROUNDS, "none"]),
    st.sampled_from(["ann", "ann", "bob", "cat"]),
    st.sampled_from([0, 1, 2, 30, 70, 71, 7 * 24, 9 * 24, 9 * 24 + 1, 20 * 24]),
)


def town(folder: Path, name: str) -> Session:
    """A town with these limits, in a folder of its own."""
    return towns.in_folder(folder, ("claim limits", name), OPENS, partial(_make, name=name))


def _make(voucher: Any, *, name: str) -> None:
    packs = [
        towns.pack(
            code,
            towns.coupon(str(face), "1000"),
            funding={"city": "100%"},
            **({"kind": kind} if kind else {}),
        )
        for code, (kind, face) in TEMPLATES.items()
    ]
    document = towns.programme(funds={"city": "public"}, limits=PACKS | LIMITS[name])
    towns.build(voucher, document, *packs, merchants="merchant_no,name\nM1,店\n")
    for code, template in ROUNDS.items():
        towns.make_round(voucher, code, template=template, packs=4, closes=CLOSES, state="open")


def lawful(session: Session, rows: list[Any], name: str) -> list[tuple[Any, ...]]:
    """What the law makes of the rows, one by one."""
    document = towns.programme(funds={"city": "public"}, limits=PACKS | LIMITS[name])
    programme, _ = documents.read(document)
    assert programme is not None
    kept = store.kept(programme.limits)
    timelines = {each: names.always(most) for each, most in kept.items()}
    rounds = {
        code: law.ClaimRound(
            "open",
            START,
            towns.at(CLOSES),
            4,
            limits_in_time(2, timelines, ()),
            terms=Terms(
                words=frozenset(filter(None, (code, template, TEMPLATES[template][0]))),
                face_fen=100 * TEMPLATES[template][1],
                expires_at=lambda at: at + 7 * DAY,
            ),
        )
        for code, template in ROUNDS.items()
    }
    token = partial(identities.token, identities.load_ring(session.path))
    claims = [
        law.Claim(line, number, round_, token(resident), START + hours * HOUR)
        for line, (number, round_, resident, hours) in enumerate(rows, 1)
    ]
    found = law.judge(rounds, claims, law.GrantedPacks(), ZONE)
    fit = [claim for claim in claims if found[claim.line] is None]
    stands = [(one.claim_no, one.round, one.resident, one.claimed_at) for one in fit]
    return sorted(stands, key=lambda one: (one[3], one[0]))


@pytest.mark.parametrize("name", LIMITS)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(ROW, min_size=3, max_size=24))
def test_the_law_rows_chunks_and_columns_give_the_same_packs(name: str, rows: list[Any]) -> None:
    was = chunks.LINES, by_columns.BYTES
    for lines, size in ((was[0], 1 << 30), (3, 1 << 30), (3, 1)):
        with TemporaryDirectory() as folder:
            session = town(Path(folder), name)
            with closing(session.db):
                try:
                    chunks.LINES, by_columns.BYTES = lines, size
                    take(session, 1, rows)
                finally:
                    chunks.LINES, by_columns.BYTES = was
                assert facts(session) == lawful(session, rows, name), (lines, size)
                sound(session)


@pytest.mark.parametrize("name", LIMITS)
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(ROW, min_size=3, max_size=24),
    seed=st.integers(0, 1 << 30),
    count=st.integers(2, 4),
)
def test_limits_hold_in_any_order_of_files(
    name: str, rows: list[Any], seed: int, count: int
) -> None:
    with TemporaryDirectory() as folder:
        session = town(Path(folder), name)
        with closing(session.db):
            retry_all(session, come_in(session, random.Random(seed), rows, count))
            packs = Counter(round_ for _, round_, *_ in facts(session))
            assert max(packs.values(), default=0) <= 4
