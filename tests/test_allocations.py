"""Allocating rounds: the law (rules/allocations.py), the store and the command agree; what a person
sees.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_agreement import PROGRAMME, START, TEMPLATE
from towns import OPENS, ZONE

from vouchercli.ops.granting import allocations
from vouchercli.rules import allocations as law
from vouchercli.rules import persons as persons_law
from vouchercli.rules.claim_limits import LimitsInTime, Pack, bounds
from vouchercli.store import checks, persons
from vouchercli.store import db as store

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.session import Session

DAY = 86_400
PACKS = 4
RESIDENTS = [bytes([letter]) * 16 for letter in b"abcdef"]

ADD_APPLICATION = (
    "INSERT INTO applications (round_id, application_no, resident, applied_at, line) VALUES (1, ?,"
    " ?, ?, 0)"
)


def world(
    limits: dict[str, int], *, mode: str = "fcfs", group: str = "", per_resident: int = 1
) -> Session:
    """A town in memory with round r (1), open for ten days from START, and an earlier round (2)."""

    def make(voucher: Any) -> None:
        towns.build(voucher, PROGRAMME | {"limits": limits}, TEMPLATE)
        whom = ["--group", group] if group else []
        terms: dict[str, Any] = {"template": "t", "closes": "2020-04-06 08:00", "state": "open"}
        each = ("--per-resident", str(per_resident))
        towns.make_round(voucher, "r", "--mode", mode, *whom, *each, packs=PACKS, **terms)
        towns.make_round(
            voucher,
            "earlier",
            "--per-resident",
            "1",
            packs=99,
            opens="2020-03-18 08:00",
            **terms,
        )

    key = ("allocations", *limits.items(), mode, group, per_resident)
    return towns.in_memory(key, OPENS, make)


APPLICATION = st.tuples(st.sampled_from(RESIDENTS), st.integers(-1, 11), st.integers(0, 2))
RUNS = st.lists(
    st.tuples(st.lists(APPLICATION, max_size=9), st.integers(0, 2)), min_size=1, max_size=3
)


def expected(
    applications: dict[int, tuple[str, bytes, int]],
    joined: dict[bytes, bytes],
    limits: LimitsInTime,
    granted: dict[int, int],
    packs: int,
    earlier: list[tuple[bytes, int]],
    around: dict[str, Any],
) -> list[int]:
    """Which applications get a pack in this run, by the law alone; `granted`: application -> when,
    from the runs before.
    """
    held = law.Held(packs - len(granted))
    held_before = [(applications[each][1], at, True) for each, at in granted.items()] + [
        (*each, False) for each in earlier
    ]
    for resident, at, is_here in held_before:
        held.packs[joined.get(resident, resident)].append(Pack("" if is_here else "other", at))
    entries = [
        law.Entry(
            number,
            resident,
            joined.get(resident, resident),
            max(at, START),
            resident in around["eligible"],
            around["paused"][0] <= max(at, START) < around["paused"][1],
        )
        for number, (_, resident, at) in sorted(
            applications.items(), key=lambda each: (each[1][2], each[1][0])
        )
        if number not in granted and at < START + 10 * DAY
    ]
    return [
        entry.entry_id
        for entry, reason in law.decide(entries, limits, held, ZONE)
        if reason is None
    ]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    runs=RUNS,
    per_resident=st.sampled_from([1, 1, 1, 2]),
    per_week=st.sampled_from([None, None, 1]),
    per_programme=st.sampled_from([None, None, 2]),
    links=st.lists(st.tuples(st.sampled_from(RESIDENTS), st.sampled_from(RESIDENTS)), max_size=2),
    group=st.sampled_from(["", "", "medics"]),
    pause=st.sampled_from([None, None, (2, 4)]),
    earlier=st.lists(st.sampled_from(RESIDENTS), max_size=2, unique=True),
)
def test_law_and_store_grant_the_same_packs_in_the_same_order(
    runs: list[tuple[list[tuple[bytes, int, int]], int]],
    per_resident: int,
    per_week: int | None,
    per_programme: int | None,
    links: list[tuple[bytes, bytes]],
    group: str,
    pause: tuple[int, int] | None,
    earlier: list[bytes],
) -> None:
    said = {
        "packs_per_resident_per_round": per_resident,
        "packs_per_resident_per_week": per_week,
        "packs_per_resident": per_programme,
    }
    session = world(
        {name: limit for name, limit in said.items() if limit},
        per_resident=per_resident,
        group=group,
    )
    db = session.db
    elsewhere = [(resident, START - 2 * DAY) for resident in earlier]
    _grant_earlier(session, elsewhere)
    eligible = set(RESIDENTS[:4]) if group else set(RESIDENTS)
    for resident in RESIDENTS[:4]:
        db.execute(
            "INSERT INTO eligibility (programme_id, resident, resident_group, listed_at, batch_id,"
            " line) VALUES (1, ?, 'medics', 0, ?, 1)",
            (resident, _add_batch(db)),
        )
    paused = (START + pause[0] * DAY, START + pause[1] * DAY) if pause else (0, 0)
    if pause:
        db.execute("INSERT INTO pauses (round_id, from_at, until_at) VALUES (1, ?, ?)", paused)
    pairs = [(one, other) for one, other in links if one != other]
    persons.join(db, 1, pairs[:1])
    persons.join(db, 1, pairs[1:])
    joined = persons_law.join(pairs)
    assert persons.all_joined(db, 1) == joined
    limits = towns.limited(per_resident, per_week, per_programme)
    applications: dict[int, tuple[str, bytes, int]] = {}
    granted: dict[int, int] = {}
    packs = PACKS
    for rows, more in runs:
        for resident, day, minutes in rows:
            number = len(applications) + 1
            at = START + day * DAY + 60 * minutes
            applications[number] = (f"A{97 * number % 10}{number}", resident, at)
            db.execute(ADD_APPLICATION, (applications[number][0], resident, at))
        db.execute("UPDATE rounds SET packs = packs + ? WHERE round_id = 1", (more,))
        packs += more
        due = expected(
            applications,
            joined,
            limits,
            granted,
            packs,
            elsewhere,
            {"eligible": eligible, "paused": paused},
        )
        data = allocations.allocate(session, "r").data
        found = [
            row["line"]
            for row in db.execute(
                "SELECT line FROM claims WHERE batch_id IS ? ORDER BY claim_no", (data["batch"],)
            )
        ]
        assert (found, data["granted"]) == (due, len(due))
        granted |= {number: max(applications[number][2], START) for number in due}
        in_time = sum(at < START + 10 * DAY for _, _, at in applications.values())
        if packs > len(granted) or due:
            passed = sum(
                data[reason]
                for reason in ("resident_limit", "not_eligible", "round_paused", "sold_out")
            )
            assert passed == in_time - len(granted)
    for name in (
        "packs_within_quota",
        "packs_within_resident_limit",
        "claims_in_their_window",
        "claim_totals",
        "batches_add_up",
        "batches_have_their_facts",
    ):
        assert checks.CHECKS[name](db) == [], name


def _add_batch(db: Any) -> int:
    return int(
        db.execute(
            """
        INSERT INTO batches (kind, programme_id, file, sha256, profile, profile_json, encoding,
            header, state, read, accepted, duplicate,
            rejected, warnings, actor, imported_at)
        VALUES ('eligibility', 1, '', hex(randomblob(8)), '', '', '', '', 'done', 0, 0, 0, 0, 0,
            '', 0)"""
        ).lastrowid
    )


def _grant_earlier(session: Session, packs: list[tuple[bytes, int]]) -> None:
    """Packs of the earlier round: they count in the week and in the programme."""
    from vouchercli.ops.granting import grants
    from vouchercli.ops.rounds.lookup import look_up

    with store.writing(session):
        grants.grant(look_up(session, "earlier"), [(resident, None, at) for resident, at in packs])


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    residents=st.lists(st.sampled_from(RESIDENTS), max_size=8),
    packs=st.integers(1, 8),
    order=st.permutations(["old", "ill", None]),
)
def test_a_targeted_round_gives_everyone_on_the_list_one_pack_whatever_the_order_of_runs(
    residents: list[bytes],
    packs: int,
    order: list[str | None],
) -> None:
    session = world({"packs_per_resident_per_round": 2}, mode="targeted", per_resident=2)
    session.db.execute("UPDATE rounds SET packs = ? WHERE round = 'r'", (packs,))
    for number, resident in enumerate(residents):
        session.db.execute(
            "INSERT OR IGNORE INTO eligibility (programme_id, resident, resident_group, listed_at,"
            " batch_id, line) VALUES (1, ?, ?, ?, ?, 1)",
            (resident, "old" if number % 3 else "ill", START + number, _add_batch(session.db)),
        )
    for group in order:
        allocations.allocate(session, "r", group=group)
    held = [row[0] for row in session.db.execute("SELECT count(*) FROM claims GROUP BY resident")]
    assert held == [1] * min(packs, len(set(residents)))
    assert allocations.allocate(session, "r").data["granted"] == 0


def test_the_quota_is_named_before_everything_else() -> None:
    entry = law.Entry(1, b"a", b"a", START, is_eligible=False, is_paused=True)
    listed_not, limits = replace(entry, is_paused=False), towns.limited()
    assert law.reason(entry, limits, law.Held(0), ZONE) == "sold_out"
    assert law.reason(entry, limits, law.Held(1), ZONE) == "round_paused"
    assert law.reason(listed_not, limits, law.Held(1), ZONE) == "not_eligible"


def test_weeks_go_from_monday_to_sunday_in_the_programmes_zone() -> None:
    sunday = START + 2 * DAY  # 2020-03-29 08:00 in Hangzhou
    midnight = sunday + 16 * 3600
    assert bounds("week", sunday, ZONE) == (midnight - 7 * DAY, midnight)
    assert bounds("week", midnight, ZONE) == (midnight, midnight + 7 * DAY)


def test_a_chain_of_shared_identities_makes_one_person_however_it_is_found() -> None:
    chain = [(b"a", b"b"), (b"c", b"d"), (b"b", b"c"), (b"x", b"x")]
    assert persons_law.join(chain) == dict.fromkeys([b"a", b"b", b"c", b"d"], b"a")
    assert persons_law.join(chain[::-1]) == persons_law.join(chain)
    assert persons_law.join([]) == {}


# ---------------------------------------------------------------- through the front door

HEADER = "application_no,round,resident,applied_at,group,device,mobile\n"


def apply(voucher: Any, here: Path, rows: str, *, expect: int = 0, name: str = "a.csv") -> Any:
    (here / name).write_text(HEADER + rows, "utf-8")
    return voucher("application", "import", name, "-o", "json", expect=expect)


def test_packs_go_in_the_order_of_arrival_and_the_sell_out_is_kept(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    rows = "".join(f"A{n:02d},r1,p{n % 12},2020-03-27 08:00:{n // 2:02d},,,\n" for n in range(30))
    apply(voucher, here, rows)
    ran = voucher("round", "allocate", "r1", "-o", "json", "--now", "2020-03-27 10:00")
    answer = {
        key: ran.data[key]
        for key in (
            "granted",
            "resident_limit",
            "sold_out",
            "last_application_no",
            "sold_out_at",
            "order",
        )
    }
    assert answer == {
        "granted": 10,
        "resident_limit": 0,
        "sold_out": 20,
        "last_application_no": "A09",
        "order": "applied_at, application_no",
        "sold_out_at": "2020-03-27T08:00:04+08:00",
    }
    shown = voucher("round", "show", "r1", "-o", "json").data
    assert (shown["sold_out_at"], shown["last_application_no"], len(shown["allocations"])) == (
        answer["sold_out_at"],
        "A09",
        1,
    )
    (row,) = voucher("report", "rounds", "-o", "json").data["rows"]
    assert (row["sold_out_at"], row["last_application_no"], row["last_applied_at"]) == (
        answer["sold_out_at"],
        "A09",
        answer["sold_out_at"],
    )
    again = voucher("round", "allocate", "r1", "--now", "2020-03-27 10:00")
    assert (
        "granted 0 packs of r1 in the order of applied_at, application_no: 10 of 10 are claimed"
        in again.err
    )
    voucher("check")


def test_in_the_same_second_the_smaller_number_comes_first(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    apply(
        voucher,
        here,
        "".join(f"{n:03d},r1,p{n},2020-03-27 08:00:00,,,\n" for n in range(20, 0, -1)),
    )
    voucher("round", "allocate", "r1", "--now", "2020-03-27 10:00")
    listed = voucher("application", "list", "--round", "r1", "-o", "json").data["applications"]
    assert [each["application_no"] for each in listed if each["claim_no"]] == [
        f"{n:03d}" for n in range(1, 11)
    ]
    assert [each["claim_no"] for each in listed[:2]] == ["r1-00000001", "r1-00000002"]


def test_one_person_with_several_identities_gets_one_pack(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    apply(
        voucher,
        here,
        "1,r1,a,2020-03-27 08:00:01,,phone1,\n2,r1,b,2020-03-27"
        " 08:00:02,,phone1,139\n3,r1,c,2020-03-27 08:00:03,,,139\n4,r1,d,2020-03-27 08:00:04,,,\n",
    )
    apply(
        voucher,
        here,
        "5,r1,d,2020-03-27 08:00:05,,,\n6,r1,e,2020-03-27 08:00:06,,phone1,\n",
        name="b.csv",
    )
    ran = voucher("round", "allocate", "r1", "-o", "json", "--now", "2020-03-27 10:00")
    assert (ran.data["granted"], ran.data["resident_limit"]) == (2, 4)
    voucher("batch", "list")


def test_an_undone_file_of_applications_parts_those_whom_it_joined(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    apply(voucher, here, "1,r1,a,2020-03-27 08:00:01,,x,\n2,r1,b,2020-03-27 08:00:02,,y,\n")
    batch = apply(
        voucher,
        here,
        "3,r1,c,2020-03-27 08:00:03,,x,7\n4,r1,b,2020-03-27 08:00:04,,,7\n",
        name="b.csv",
    ).data["batch"]
    people = voucher("application", "list", "-o", "json").data["applications"]
    assert len({each["person"] for each in people}) == 1
    voucher("batch", "undo", str(batch))
    assert {
        each["person"] for each in voucher("application", "list", "-o", "json").data["applications"]
    } == {None}
    assert (
        voucher("round", "allocate", "r1", "-o", "json", "--now", "2020-03-27 10:00").data[
            "granted"
        ]
        == 2
    )
    ran = voucher("batch", "undo", str(batch - 1), "--yes", expect=3)
    assert "packs were granted for 2 of its rows" in ran.err


def test_what_was_granted_is_not_taken_back(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    apply(voucher, here, "1,r1,a,2020-03-27 08:00:01,,,\n")
    batch = str(
        voucher("round", "allocate", "r1", "-o", "json", "--now", "2020-03-27 10:00").data["batch"]
    )
    for verb in ("undo", "retry"):
        ran = voucher("batch", verb, batch, "--yes", expect=3)
        assert (
            f"error: batch {batch} cannot be undone: it holds 1 packs that were granted here"
            " [granted_stands]" in ran.err
        )
    assert (
        voucher("batch", "list", "--kind", "allocation", "-o", "json").data["batches"][0][
            "accepted"
        ]
        == 1
    )
    voucher("batch", "show", batch)


def test_a_dry_run_says_what_would_be_granted_and_grants_nothing(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    apply(voucher, here, "1,r1,a,2020-03-27 08:00:01,,,\n")
    assert (
        voucher(
            "round", "allocate", "r1", "--dry-run", "-o", "json", "--now", "2020-03-27 10:00"
        ).data["granted"]
        == 1
    )
    assert voucher("round", "show", "r1", "-o", "json").data["claimed"] == 0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--mode", "lottery"), "drawn_round"),
        (("--platform", "the bank"), "platform_round"),
        ((), "round_not_open"),
    ],
)
def test_a_round_that_is_not_allocated_here_or_not_yet_is_refused(
    city: Any, options: tuple[str, ...], code: str
) -> None:
    voucher = city(with_claims=False)
    towns.draft(voucher, "r2", *options, packs=5, opens="2020-03-29 08:00")
    ran = voucher("round", "allocate", "r2", expect=3)
    assert f"[{code}]" in ran.err


def test_a_group_is_named_for_targeted_rounds_only(city: Any) -> None:
    ran = city(with_claims=False)("round", "allocate", "r1", "--group", "medics", expect=3)
    assert (
        "error: round r1 is not granted to the group medics from a list [group_not_listed]"
        in ran.err
    )


def test_a_closed_round_is_still_allocated_until_its_money_is_released(
    city: Any, here: Path
) -> None:
    voucher = city(with_claims=False)
    apply(voucher, here, "1,r1,a,2020-03-27 08:00:01,,,\n")
    voucher("round", "close", "r1", "--now", "2020-03-28 08:00", "--actor", "mei")
    assert (
        voucher("round", "allocate", "r1", "-o", "json", "--now", "2020-03-28 08:10").data[
            "granted"
        ]
        == 1
    )
    from vouchercli.ops.rounds import releases

    with towns.session(here / "voucher.db", "clock", START + 3 * DAY) as one:
        releases.release_unused(one, 1)
    ran = voucher("round", "allocate", "r1", expect=3)
    assert "the money of its unclaimed packs is released [money_released]" in ran.err
