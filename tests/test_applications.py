"""Applications and eligibility lists: what comes in, what is refused and why; the law and the store
agree.
"""

from __future__ import annotations

import json
import random
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import towns
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_agreement import ADD_BATCH, HOUR, PROGRAMME, START, TEMPLATE
from towns import CLOSES, OPENS

from vouchercli.errors import Stopped
from vouchercli.ops.intake import applications as ops
from vouchercli.ops.intake import by_columns, chunks
from vouchercli.rules import applications as law
from vouchercli.store import applications, incoming

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "application_no,round,resident,applied_at,group,device\n"
LIST = "resident,group\n"


def put(here: Path, name: str, text: str) -> str:
    (here / name).write_text(text, "utf-8")
    return name


def drafted(voucher: Any, code: str, *options: str) -> None:
    """One more round, approved, open for a day from 2020-03-29 08:00."""
    towns.make_round(
        voucher, code, *options, packs=2, opens="2020-03-29 08:00", closes="2020-03-30 08:00"
    )


def test_a_file_of_applications_is_taken_in_once(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    row = "A1,r1,330102199001010012,2020-03-27 08:00:01,medics,d\n"
    file = put(here, "a.csv", HEADER + row + row)
    data = voucher("application", "import", file, "-o", "json").data
    assert {
        key: data[key] for key in ("read", "accepted", "duplicate", "rejected", "profile", "kind")
    } == {
        "read": 2,
        "accepted": 1,
        "duplicate": 1,
        "rejected": 0,
        "profile": "voucher",
        "kind": "applications",
    }
    assert "nothing to do" in voucher("application", "import", file).err
    again = put(
        here,
        "b.csv",
        HEADER + "A1,r1,330102199001010012,2020-03-27 08:00:01,,\nA2,r1,7,2020-03-27 08:00:02,,\n",
    )
    assert voucher("application", "import", again, "-o", "json").data["duplicate"] == 1
    (one,) = voucher("application", "list", "--resident", "330102199001010012", "-o", "json").data[
        "applications"
    ]
    assert (one["application_no"], one["group"], one["claim_no"]) == ("A1", "medics", None)
    assert "1 more rows are not shown; all" in voucher("application", "list", "--limit", "1").err


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("X,nowhere,1,2020-03-27 09:00:00,,", "unknown_round"),
        ("X,draft,1,2020-03-29 09:00:00,,", "round_not_open"),
        ("X,list,1,2020-03-29 09:00:00,,", "by_list_only"),
        ("X,r1,1,2020-03-27 07:59:59,,", "before_registration"),
        ("X,r1,1,2020-03-28 08:00:00,,", "after_registration"),
        ("X,lots,1,2020-03-25 08:59:59,,", "before_registration"),
        ("X,lots,1,2020-03-29 08:00:00,,", "after_registration"),
        ("X,booked,1,2020-03-25 08:59:59,,", "before_registration"),
        ("X,medics,1,2020-03-29 09:00:00,medics,", "not_eligible"),
        ("A1,r1,9,2020-03-27 09:00:00,,", "application_reused"),
        ("X,r1,9,tomorrow,,", "bad_time"),
        ("X,r1,,2020-03-27 09:00:00,,", "bad_row"),
        ("X,r1,token:12,2020-03-27 09:00:00,,", "bad_row"),
    ],
)
def test_an_unlawful_application_is_rejected_with_its_reason(
    city: Any, here: Path, row: str, reason: str
) -> None:
    voucher = city(with_claims=False)
    towns.draft(voucher, "draft", packs=2, opens="2020-03-29 08:00")
    drafted(voucher, "list", "--mode", "targeted")
    drafted(voucher, "lots", "--mode", "lottery", "--registration-opens", "2020-03-25 09:00")
    drafted(voucher, "booked", "--registration-opens", "2020-03-25 09:00")
    drafted(voucher, "medics", "--group", "medics")
    voucher("application", "import", put(here, "a.csv", HEADER + "A1,r1,1,2020-03-27 08:00:01,,\n"))
    ran = voucher(
        "application", "import", put(here, "b.csv", HEADER + row + "\n"), "-o", "json", expect=4
    )
    assert (ran.data["rejected"], ran.data["reasons"]) == (1, {reason: 1})
    assert "{" not in ran.json["problems"][0]["message"]


def test_a_booking_before_the_opening_is_granted_at_the_opening(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    drafted(voucher, "booked", "--registration-opens", "2020-03-25 09:00")
    voucher(
        "application",
        "import",
        put(
            here,
            "a.csv",
            HEADER + "A2,booked,2,2020-03-29 08:00:05,,\nA1,booked,1,2020-03-26 10:00,,\n",
        ),
    )
    voucher("round", "open", "booked", "--now", "2020-03-29 08:00")
    voucher("round", "allocate", "booked", "--now", "2020-03-29 08:01")
    claims = voucher("claim", "list", "--round", "booked", "-o", "json").data["claims"]
    assert [each["claimed_at"] for each in claims] == [
        "2020-03-29T08:00:00+08:00",
        "2020-03-29T08:00:05+08:00",
    ]
    voucher("check")


def test_a_rejected_application_shows_no_identity_and_is_taken_in_by_retry(
    city: Any, here: Path
) -> None:
    voucher = city(with_claims=False)
    drafted(voucher, "medics", "--group", "medics")
    batch = str(
        voucher(
            "application",
            "import",
            put(here, "a.csv", HEADER + "A1,medics,13912345678,2020-03-29 08:00:01,,SERIAL77\n"),
            "-o",
            "json",
            expect=4,
        ).data["batch"]
    )
    rows = voucher("batch", "rejects", batch, "-o", "json").out
    assert "13912345678" not in rows and "SERIAL77" not in rows
    voucher("eligibility", "import", put(here, "e.csv", LIST + "13912345678,medics\n"))
    assert voucher("batch", "retry", batch, "-o", "json").data["accepted"] == 1
    assert voucher("application", "list", "-o", "json").data["applications"][0]["round"] == "medics"


def test_a_round_for_a_group_is_granted_to_those_on_the_list(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    drafted(voucher, "medics", "--group", "medics")
    batch = str(
        voucher(
            "eligibility",
            "import",
            put(here, "e.csv", LIST + "1,medics\n2,medics\n3,teachers\n"),
            "-o",
            "json",
        ).data["batch"]
    )
    ran = voucher(
        "application",
        "import",
        put(
            here,
            "a.csv",
            HEADER + "".join(f"A{n},medics,{n},2020-03-29 08:00:0{n},,\n" for n in (1, 2, 3)),
        ),
        "-o",
        "json",
        expect=4,
    )
    assert ran.data["reasons"] == {"not_eligible": 1}
    voucher("round", "open", "medics", "--now", "2020-03-29 08:00")
    assert (
        voucher("round", "allocate", "medics", "-o", "json", "--now", "2020-03-29 09:00").data[
            "granted"
        ]
        == 2
    )
    refused = voucher("batch", "undo", batch, "--yes", expect=3)
    assert "packs were granted for 2 of its rows" in refused.err


def test_a_targeted_round_is_granted_from_its_list_group_by_group(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    drafted(voucher, "aid", "--mode", "targeted")
    voucher(
        "eligibility", "import", put(here, "e.csv", LIST + "1,poor\n2,medics\n1,medics\n3,poor\n")
    )
    voucher("round", "open", "aid", "--now", "2020-03-29 08:00")
    ran = voucher(
        "round", "allocate", "aid", "--group", "medics", "-o", "json", "--now", "2020-03-29 08:05"
    )
    assert (ran.data["granted"], ran.data["order"]) == (2, "place on the list")
    ran = voucher("round", "allocate", "aid", "-o", "json", "--now", "2020-03-29 08:06")
    assert (ran.data["granted"], ran.data["sold_out"]) == (0, 0)  # both packs are gone
    claims = voucher("claim", "list", "--round", "aid", "-o", "json").data["claims"]
    assert {each["claimed_at"] for each in claims} == {"2020-03-29T08:00:00+08:00"}


def test_an_eligibility_list_is_kept_once_and_shown_by_group(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    assert "no eligibility list yet" in voucher("eligibility", "list").err
    file = put(here, "e.csv", LIST + "1,medics\n2,medics\n1,medics\n1,\n,medics\n")
    data = voucher("eligibility", "import", file, "-o", "json", expect=4).data
    assert (data["accepted"], data["duplicate"], data["reasons"]) == (3, 1, {"bad_row": 1})
    listed = voucher("eligibility", "list", "-o", "json").data
    assert listed["groups"] == [
        {"group": "", "residents": 1, "waiting": 0},
        {"group": "medics", "residents": 2, "waiting": 0},
    ]
    assert (
        len(voucher("eligibility", "list", "--group", "medics", "-o", "json").data["residents"])
        == 2
    )
    assert (
        len(voucher("eligibility", "list", "--resident", "1", "-o", "json").data["residents"]) == 2
    )
    assert (
        "1 more rows are not shown"
        in voucher("eligibility", "list", "--group", "medics", "--limit", "1").err
    )
    voucher("batch", "undo", str(data["batch"]), "--yes")
    assert voucher("eligibility", "list", "-o", "json").data["groups"] == []


def test_applications_are_not_mistaken_for_an_eligibility_list(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    ran = voucher(
        "eligibility",
        "import",
        put(here, "a.csv", HEADER + "A1,r1,1,2020-03-27 08:00:01,,\n"),
        expect=3,
    )
    assert "[other_kind]" in ran.err
    assert (
        "[other_kind]"
        in voucher(
            "application",
            "import",
            put(here, "c.csv", "claim_no,round,resident,claimed_at\n"),
            expect=3,
        ).err
    )


def test_lists_are_refused_before_there_is_a_programme(voucher: Any) -> None:
    voucher("init")
    for noun in ("application", "eligibility"):
        assert "[no_programme]" in voucher(noun, "list", expect=3).err


def test_a_published_list_of_entrants_takes_nobody_in_and_lets_nobody_go(
    city: Any, here: Path
) -> None:
    voucher = city(with_claims=False)
    drafted(voucher, "lots", "--mode", "lottery", "--registration-opens", "2020-03-20 09:00")
    batch = voucher(
        "application",
        "import",
        put(here, "a.csv", HEADER + "A1,lots,1,2020-03-27 08:00:01,,\n"),
        "-o",
        "json",
    ).data["batch"]
    db = sqlite3.connect(here / "voucher.db")
    with db:
        db.execute(
            """INSERT INTO draws (round_id, seed_sha256, sealed_seed, public_source, committed_by, committed_at, strata,
            strata_fixed_at,
            entrants_sha256, published_at) SELECT round_id, ?, zeroblob(32), '', '', 0, '[]', 1, ?, 1 FROM rounds WHERE round = 'lots'""",
            ("0" * 64, "0" * 64),
        )
    db.close()
    ran = voucher(
        "application",
        "import",
        put(here, "b.csv", HEADER + "A2,lots,2,2020-03-27 08:00:01,,\n"),
        "-o",
        "json",
        expect=4,
    )
    assert ran.data["reasons"] == {"list_published": 1}
    assert "[entrants_stand]" in voucher("batch", "undo", str(batch), "--yes", expect=3).err


# ---------------------------------------------------------------- in chunks


FACTS = """
SELECT a.application_no, hex(a.resident), a.applied_at, a.resident_group, a.district, a.batch_id,
    a.line,
    (SELECT group_concat(k) FROM (SELECT kind || hex(token) AS k FROM application_identities i
     WHERE i.application_id = a.application_id ORDER BY 1))
FROM applications a ORDER BY a.line
"""
LEFT = (
    FACTS,
    "SELECT hex(resident), hex(person) FROM persons ORDER BY 1",
    "SELECT line, reason, detail FROM rejects ORDER BY 1",
    "SELECT read, accepted, duplicate, rejected, last_line, state FROM batches ORDER BY batch_id",
)


def left(here: Path) -> list[list[tuple[Any, ...]]]:
    return [towns.ask(here, statement) for statement in LEFT]


def odd_rows(count: int, seed: int) -> str:
    """Rows out of order: numbers used twice at other times, rows that repeat, late ones, shared
    devices.
    """
    chance = random.Random(seed)
    lines = []
    for _ in range(count):
        no, at = chance.randrange(count), chance.randrange(40)
        lines.append(
            f"A{no},r1,person-{chance.randrange(count)},2020-03-27"
            f" 08:00:{at:02d},,phone-{chance.randrange(count)}"
        )
        if chance.random() < 0.2:
            lines.append(chance.choice(lines))
        if chance.random() < 0.05:
            lines.append(f"B{no},r1,late-{no},2020-03-29 09:00:00,,")
    return HEADER + "\n".join(lines) + "\n"


@pytest.fixture(params=[1 << 30, 1], ids=["row by row", "by columns"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files come in row by row, then by columns, a block a chunk."""
    monkeypatch.setattr(by_columns, "BYTES", request.param)
    monkeypatch.setattr(chunks, "TOGETHER", 1)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("seed", towns.sampled({str(seed): seed for seed in range(4)}))
def test_where_a_file_is_cut_changes_nothing(
    city: Any, here: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    found = []
    for lines in (100_000, 7, 20):
        voucher = city(with_claims=False)
        monkeypatch.setattr(chunks, "LINES", lines)
        voucher("application", "import", put(here, "odd.csv", odd_rows(60, seed)), expect=4)
        voucher("check")
        found.append(left(here))
        for name in ("voucher.db-wal", "voucher.db-shm"):
            (here / name).unlink(missing_ok=True)
    assert found[0] == found[1] == found[2]
    assert {reason for _, reason, _ in found[0][2]} == {"application_reused", "after_registration"}


class Stopper:
    """Asks to stop after the first chunk."""

    is_stopped = False

    def read(self, rows: int) -> None:
        """Nothing to tell."""

    def idle(self) -> None:
        """Nothing to do."""

    def is_awaited(self) -> bool:
        """Nothing else is to be done."""
        return False

    def committed(self, share: float | None) -> None:
        self.is_stopped = True


def stopped(here: Path, name: str) -> None:
    """An import that ends after its first chunk."""
    with (
        towns.session(here / "voucher.db", "mei", towns.at("2020-03-27 09:00")) as one,
        pytest.raises(Stopped),
    ):
        ops.import_applications(one, name, watch=Stopper())


@pytest.mark.usefixtures("either_way")
def test_a_stopped_import_goes_on_and_nobody_is_granted_a_pack_meanwhile(
    city: Any,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    voucher = city(with_claims=False)
    monkeypatch.setattr(chunks, "LINES", 10)
    stopped(here, put(here, "odd.csv", odd_rows(30, 1)))
    assert voucher("batch", "list", "-o", "json").data["batches"][0]["state"] == "importing"
    ran = voucher("round", "allocate", "r1", "--now", "2020-03-27 09:00", expect=3)
    assert ran.err.splitlines()[0].endswith("are not all in yet [applications_unfinished]")
    assert "batch resume 2" in ran.err
    voucher("batch", "resume", "2", expect=4)
    resumed = left(here)
    voucher("round", "allocate", "r1", "--now", "2020-03-27 09:00")
    voucher = city(with_claims=False)
    for name in ("voucher.db-wal", "voucher.db-shm"):
        (here / name).unlink(missing_ok=True)
    voucher("application", "import", "odd.csv", expect=4)
    assert left(here) == resumed


@pytest.mark.usefixtures("either_way")
def test_a_lottery_publishes_no_list_while_a_file_is_half_in(
    city: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = city(with_claims=False)
    towns.make_round(
        voucher,
        "l1",
        "--mode",
        "lottery",
        "--registration-opens",
        "2020-03-20",
        packs=2,
        opens="2020-03-28 08:00",
    )
    voucher("draw", "commit", "l1")
    monkeypatch.setattr(chunks, "LINES", 10)
    stopped(
        here,
        put(
            here,
            "l.csv",
            HEADER + "".join(f"L{n},l1,person-{n},2020-03-27 08:00:{n:02d},,\n" for n in range(25)),
        ),
    )
    ran = voucher("draw", "entrants", "l1", "--now", "2020-03-28 08:00", expect=3)
    assert "[applications_unfinished]" in ran.err
    voucher("batch", "undo", "2", "--yes")
    voucher("application", "import", "l.csv")
    assert "25 entrants" in voucher("draw", "entrants", "l1", "--now", "2020-03-28 08:00").err


def test_who_holds_a_pack_keeps_the_number_that_an_earlier_row_uses(
    city: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = city(with_claims=False)
    monkeypatch.setattr(chunks, "LINES", 4)
    rows = [f"A{n},r1,person-{n},2020-03-27 08:00:{n + 10:02d},,\n" for n in range(5)] + [
        "A0,r1,earlier,2020-03-27 08:00:01,,\n"
    ]
    name = put(here, "late.csv", HEADER + "".join(rows))
    stopped(here, name)
    # granted before this was refused
    towns.by_hand(here, "UPDATE batches SET state = 'done'")
    voucher("round", "allocate", "r1", "--now", "2020-03-27 09:00")
    towns.by_hand(here, "UPDATE batches SET state = 'importing' WHERE kind = 'applications'")
    assert voucher("batch", "resume", "2", "-o", "json", expect=4).data["reasons"] == {
        "application_reused": 1
    }
    assert [row[0] for row in left(here)[2]] == [7]  # the earlier row is the reject
    voucher("check")


# ---------------------------------------------------------------- the law and the store

BOOKED = "2020-03-26 12:00"  # when registration opens, where it does before the round
# state, mode, registration by itself, group
ROUNDS = {
    "open": ("open", "fcfs", False, ""),
    "booked": ("approved", "fcfs", True, ""),
    "lots": ("open", "lottery", True, ""),
    "arm": ("approved", "lottery", True, ""),
    "group": ("closed", "fcfs", False, "medics"),
    "draft": ("draft", "fcfs", False, ""),
    "list": ("open", "targeted", False, ""),
}
LEAD = """
UPDATE rounds SET lead_id = (SELECT round_id FROM rounds WHERE round = 'lots') WHERE round = 'arm'
"""
ROW = st.fixed_dictionaries(
    {
        "application_no": st.sampled_from(["1", "2", "3", "4"]),
        "round": st.sampled_from(
            ["open", "open", "open", "booked", "lots", "arm", "group", "draft", "list", "none"]
        ),
        "resident": st.sampled_from([b"a" * 16, b"b" * 16]),
        "hours": st.integers(-22, 49),
    }
)


def make_rounds(voucher: Any) -> None:
    towns.build(voucher, PROGRAMME, TEMPLATE)
    for code, (state, mode, is_booked, group) in ROUNDS.items():
        options = ["--mode", mode, "--per-resident", "2"]
        options += ["--registration-opens", BOOKED] if is_booked else []
        options += ["--group", group] if group else []
        until = "open" if state == "closed" else state
        towns.make_round(voucher, code, *options, template="t", packs=4, closes=CLOSES, state=until)
        if state == "closed":
            voucher("round", "close", code, "--now", CLOSES)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=st.lists(st.lists(ROW, min_size=1, max_size=9), min_size=1, max_size=3))
def test_law_and_store_give_every_application_the_same_ruling(
    batches: list[list[dict[str, Any]]],
) -> None:
    db = towns.in_memory("applications", OPENS, make_rounds).db
    db.execute(LEAD)
    db.execute(ADD_BATCH, (100, "eligibility", "list"))
    db.execute(
        "INSERT INTO eligibility (programme_id, resident, resident_group, listed_at, batch_id,"
        " line) VALUES (1, ?, 'medics', 0, 100, 1)",
        (b"a" * 16,),
    )
    rounds = {
        code: law.ApplicationRound(
            state,
            mode,
            START,
            START + 48 * HOUR,
            towns.at(BOOKED) if is_booked else None,
            eligible=frozenset({b"a" * 16}) if group else None,
            lead_id=1 if code == "arm" else None,
        )
        for code, (state, mode, is_booked, group) in ROUNDS.items()
    }
    standing: dict[Any, Any] = {}
    for batch_id, rows in enumerate(batches, 1):
        db.execute(ADD_BATCH, (batch_id, "applications", str(batch_id)))
        incoming.expect(db, "applications", applications.CREATE_INCOMING)
        incoming.put(
            db,
            applications.ADD_INCOMING,
            [
                (
                    line,
                    batch_id,
                    line,
                    "[]",
                    None,
                    "{}",
                    row["application_no"],
                    row["round"],
                    row["resident"],
                    START + row["hours"] * HOUR,
                    "",
                    "",
                    row["resident"],
                    None,
                    None,
                    None,
                )
                for line, row in enumerate(rows, 1)
            ],
        )
        applications.judge(db, 1, START + 40 * HOUR)
        applications.accept(db, batch_id)
        found = {
            row["line"]: row["reason"] for row in db.execute("SELECT line, reason FROM incoming")
        }
        told = [
            law.Application(
                line,
                row["application_no"],
                row["round"],
                row["resident"],
                START + row["hours"] * HOUR,
            )
            for line, row in enumerate(rows, 1)
        ]
        assert found == law.judge(rounds, told, standing, START + 40 * HOUR)
        assert all(
            json.loads(row["detail"])
            for row in db.execute("SELECT detail FROM incoming WHERE reason NOT IN ('duplicate')")
        )


def test_a_device_of_several_words_stays_readable_in_a_reject(
    city: Any,
) -> None:
    voucher = city(with_claims=False)
    head = "application_no,round,resident,applied_at,device\n"
    rows = (
        "A1,nosuch,U1,2020-03-27 08:30:00,pad;phone\nA2,nosuch,U2,2020-03-27 08:30:00,pad;phone\n"
    )
    towns.write("a.csv", head + rows)
    voucher("application", "import", "a.csv", expect=4)
    cells = [row["cells"] for row in voucher("batch", "rejects", "2", "-o", "json").data["rejects"]]
    assert cells[0][4].startswith("token:")
    assert cells[0][4] == cells[1][4]
    assert "pad" not in str(cells)
