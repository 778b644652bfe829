"""Lotteries by command: the commitment, the list, the draw, its certificate, and what is refused on
the way.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import sqlite3
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from towns import OPENS

from vouchercli.ops.lottery import draws as ops
from vouchercli.rules import canonical
from vouchercli.rules import draws as law
from vouchercli.store import fact_digests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Once, Ran

SEED = bytes(range(32))
AT_OPENING = ("--now", OPENS)
DISTRICTS = ("西湖区", "上城区", "余杭区")


@pytest.fixture
def town(city: Callable[..., Any], once: Once) -> Callable[..., Ran]:
    """A town with the approved lottery l1 of 4 packs, opening on 27 March at 8; nothing is
    committed yet.
    """
    voucher: Callable[..., Ran] = city(with_claims=False)

    def build() -> None:
        towns.make_round(
            voucher,
            "l1",
            "--mode",
            "lottery",
            "--registration-opens",
            "2020-03-20",
            packs=4,
            closes="2020-03-29 08:00",
        )

    once("lottery", build)
    return voucher


@pytest.fixture
def drawn(town: Callable[..., Ran], once: Once) -> Callable[..., Ran]:
    """... drawn from ten applicants with a seed that is known."""

    def build() -> None:
        commit()
        apply(10)
        town("round", "open", "l1", *AT_OPENING)
        town("draw", "run", "l1", "--to", "out", *AT_OPENING)

    once("lottery, drawn", build)
    return town


def apply(last: int, first: int = 1, **residents: str) -> None:
    """Applications A01 ... of as many residents; `residents` names another resident for some."""
    db = sqlite3.connect("voucher.db")
    round_id = db.execute("SELECT round_id FROM rounds WHERE round = 'l1'").fetchone()[0]
    for n in range(first, last + 1):
        no = f"A{n:02d}"
        db.execute(
            "INSERT INTO applications (round_id, application_no, resident, applied_at,"
            " resident_group, district, line) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (round_id, no, token(residents.get(no, no)), 1584700000 + n, "", DISTRICTS[n % 3], n),
        )
    fact_digests.count_all(db)
    db.commit()
    db.close()


def token(resident: str) -> bytes:
    return hashlib.md5(resident.encode()).digest()


def commit(**given: Any) -> None:
    """Commit to a seed that is known, as a test may."""
    with session() as each:
        ops.commit_seed(each, "l1", seed=SEED, **given)


session = partial(towns.session, Path("voucher.db"), "mei", 1584666000)  # on 20 March
rows = partial(towns.ask, ".")


def read_refusal(ran: Ran) -> str:
    """The code of a refusal in JSON."""
    assert ran.json["status"] == "refused"
    code: str = ran.json["problems"][0]["code"]
    return code


def certificate(folder: str = "out") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        Path(folder, "town-l1-certificate.json").read_text("utf-8")
    )
    return document


# ---------------------------------------------------------------- commit


def test_a_commitment_gives_the_digest_and_keeps_the_seed_to_itself(
    town: Callable[..., Ran],
) -> None:
    commit()
    data = town("draw", "show", "l1", "-o", "json").data
    assert (data["step"], data["seed"]) == ("committed", None)
    assert data["seed_sha256"] == hashlib.sha256(SEED.hex().encode()).hexdigest()
    assert data["registration_closes_at"] == "2020-03-27T08:00:00+08:00"
    kept = Path("voucher.db").read_bytes() + b"".join(
        path.read_bytes() for path in Path().glob("voucher.db-*")
    )
    assert SEED not in kept
    assert SEED.hex().encode() not in kept


def test_every_commitment_has_a_seed_of_its_own(town: Callable[..., Ran]) -> None:
    first = town("draw", "commit", "l1", "--dry-run", "-o", "json").data["seed_sha256"]
    assert rows("SELECT * FROM draws") == []
    assert town("draw", "commit", "l1", "-o", "json").data["seed_sha256"] != first


def test_a_second_commitment_changes_nothing(town: Callable[..., Ran]) -> None:
    first = town("draw", "commit", "l1", "-o", "json").data
    again = town("draw", "commit", "l1")
    assert "round l1 already has a seed; nothing was changed" in again.err
    assert town("draw", "show", "l1", "-o", "json").data["seed_sha256"] == first["seed_sha256"]
    assert rows("SELECT count(*) FROM audit WHERE deed = 'draw.commit'") == [(1,)]


def test_the_terms_of_a_draw_stand_once_they_are_said(town: Callable[..., Ran]) -> None:
    said = (
        "draw",
        "commit",
        "l1",
        "--stratum",
        "district=西湖区:2",
        "--public-source",
        "3D",
        "--registration-closes",
        "2020-03-26 20:00",
    )
    town(*said)
    assert town(*said).code == 0
    for other in (
        ("--stratum", "district=西湖区:3"),
        ("--public-source", "7 stars"),
        ("--registration-closes", "2020-03-26 21:00"),
    ):
        assert (
            read_refusal(town("draw", "commit", "l1", *other, "-o", "json", expect=3))
            == "draw_terms_stand"
        )
    late = town(
        "draw",
        "entrants",
        "l1",
        "--stratum",
        "district=上城区:2",
        *AT_OPENING,
        "-o",
        "json",
        expect=3,
    )
    assert read_refusal(late) == "draw_terms_stand"


def test_what_is_committed_cannot_be_taken_back_even_in_the_database(
    town: Callable[..., Ran],
) -> None:
    town("draw", "commit", "l1")
    db = sqlite3.connect("voucher.db")
    for statement in (
        "UPDATE draws SET seed_sha256 = printf('%064d', 1)",
        "UPDATE draws SET sealed_seed = zeroblob(32)",
        "UPDATE draws SET public_source = 'x'",
        "DELETE FROM draws",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="what a draw has said stands"):
            db.execute(statement)
    db.close()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("draw", "commit", "l1", "--now", "2020-03-27 08:00"), "registration_over"),
        (
            ("draw", "commit", "l1", "--registration-closes", "2020-03-27 08:01"),
            "registration_closes_late",
        ),
        (
            ("draw", "commit", "l1", "--registration-closes", "2020-03-19 08:00"),
            "registration_over",
        ),
        (("draw", "commit", "l1", "--stratum", "district=西湖区:5"), "quotas_too_large"),
        (("draw", "commit", "r1"), "not_a_lottery"),
        (("draw", "commit", "l9"), "unknown_round"),
        (("round", "draw", "r1"), "not_a_lottery"),
        (("draw", "entrants", "l1"), "draw_not_committed"),
        (("draw", "run", "l1", "--now", "2020-03-27 08:00"), "draw_not_committed"),
        (("draw", "show", "r1"), "not_a_lottery"),
    ],
)
def test_what_comes_at_the_wrong_time_or_place_is_refused(
    town: Callable[..., Ran], words: tuple[str, ...], code: str
) -> None:
    assert read_refusal(town(*words, "-o", "json", expect=3)) == code
    assert rows("SELECT * FROM draws") == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--stratum", "西湖区:2"), "bad_stratum"),
        (("--stratum", "district=西湖区"), "bad_stratum"),
        (("--stratum", "district=西湖区:1", "--stratum", "district=西湖区:2"), "stratum_twice"),
    ],
)
def test_a_stratum_that_cannot_be_read_is_a_slip_of_the_pen(
    town: Callable[..., Ran], options: tuple[str, ...], code: str
) -> None:
    assert read_refusal(town("draw", "commit", "l1", *options, "-o", "json", expect=2)) == code


def test_strata_may_come_from_a_file(town: Callable[..., Ran]) -> None:
    Path("strata.yaml").write_text(
        "strata:\n  - {district: 西湖区, quota: 2}\n  - {group: low-income, quota: 1}\n", "utf-8"
    )
    strata = town("draw", "commit", "l1", "--strata", "strata.yaml", "-o", "json").data["strata"]
    assert [(each["district"], each["group"], each["quota"]) for each in strata] == [
        ("西湖区", "", 2),
        ("", "low-income", 1),
    ]


def test_every_fault_of_a_strata_file_is_said(town: Callable[..., Ran]) -> None:
    Path("strata.yaml").write_text(
        "strata:\n  - {quota: 2}\n  - {group: low-income, quota: 0}\n  - {distrct: x, quota: 1}\n",
        "utf-8",
    )
    problems = town("draw", "commit", "l1", "--strata", "strata.yaml", "-o", "json", expect=3).json[
        "problems"
    ]
    assert [each["code"] for each in problems] == [
        "bad_yaml",
        "missing_key",
        "bad_number",
        "unknown_key",
    ]
    Path("strata.yaml").write_text("strata:\n  - {quota: 2}\n", "utf-8")
    problems = town("draw", "commit", "l1", "--strata", "strata.yaml", "-o", "json", expect=3).json[
        "problems"
    ]
    assert [(each["code"], each["where"]) for each in problems[1:]] == [
        ("missing_key", "strata.yaml:2:5")
    ]


# ---------------------------------------------------------------- the list


def test_the_list_has_one_entry_a_person_and_no_identity(town: Callable[..., Ran]) -> None:
    commit()
    apply(6, A05="A02", A06="A03")
    db = sqlite3.connect("voucher.db")  # A01 and A04 share a device: one person
    db.executemany(
        "INSERT INTO persons (round_id, resident, person) VALUES (2, ?, ?)",
        [(token(no), min(token("A01"), token("A04"))) for no in ("A01", "A04")],
    )
    db.commit()
    db.close()
    data = town("draw", "entrants", "l1", "--to", "list.csv", *AT_OPENING, "-o", "json").data
    assert Path("list.csv").read_bytes() == b"application_no\nA01\nA02\nA03\n"
    assert (data["applications"], data["entrants"], data["step"]) == (6, 3, "published")
    assert data["entrants_sha256"] == hashlib.sha256(Path("list.csv").read_bytes()).hexdigest()
    answer = town("draw", "show", "l1", "--application", "A05", "-o", "json").data["application"]
    assert answer == {
        "application_no": "A05",
        "entry": "A02",
        "ticket": None,
        "barred": None,
        "won": None,
        "won_in": None,
    }


def test_the_list_again_is_the_same_and_overwrites_nothing_else(town: Callable[..., Ran]) -> None:
    commit()
    apply(3)
    town("draw", "entrants", "l1", "--to", "list.csv", *AT_OPENING)
    assert town("draw", "entrants", "l1", "--to", "list.csv", *AT_OPENING).code == 0
    Path("list.csv").write_text("mine", "utf-8")
    assert (
        read_refusal(
            town("draw", "entrants", "l1", "--to", "list.csv", *AT_OPENING, "-o", "json", expect=3)
        )
        == "file_exists"
    )
    assert Path("list.csv").read_text("utf-8") == "mine"


def test_there_is_no_list_before_registration_closes_nor_without_applications(
    town: Callable[..., Ran],
) -> None:
    commit(registration_closes_at=1585224000)  # 2020-03-26 20:00
    assert (
        read_refusal(
            town("draw", "entrants", "l1", "--now", "2020-03-26 19:59:59", "-o", "json", expect=3)
        )
        == "registration_still_open"
    )
    assert (
        read_refusal(
            town("draw", "entrants", "l1", "--now", "2020-03-26 20:00", "-o", "json", expect=3)
        )
        == "no_entrants"
    )
    apply(3)
    assert (
        town("draw", "entrants", "l1", "--now", "2020-03-26 20:00", "--dry-run", "-o", "json").data[
            "file"
        ]
        is None
    )
    assert rows("SELECT published_at FROM draws") == [(None,)]
    assert town("draw", "entrants", "l1", "--now", "2020-03-26 20:00").code == 0
    assert Path("draws/town-l1-entrants.csv").is_file()


def test_an_application_that_comes_after_the_list_stops_the_draw(town: Callable[..., Ran]) -> None:
    commit()
    apply(8)
    town("round", "open", "l1", *AT_OPENING)
    town("draw", "entrants", "l1", *AT_OPENING)
    apply(9, 9)
    assert (
        read_refusal(town("draw", "run", "l1", *AT_OPENING, "-o", "json", expect=3))
        == "entrants_changed"
    )
    assert rows("SELECT count(*) FROM claims") == [(0,)]
    assert rows("SELECT drawn_at FROM draws") == [(None,)]


def test_a_stratum_that_nobody_is_in_is_warned_of(town: Callable[..., Ran]) -> None:
    commit()
    apply(6)
    ran = town(
        "draw",
        "entrants",
        "l1",
        "--stratum",
        "district=西胡区:2",
        "--stratum",
        "district=上城区:1",
        *AT_OPENING,
    )
    assert (
        "warning: nobody is in the stratum district=西胡区: its 2 places go to the others"
        " [stratum_empty]" in ran.err
    )
    assert "上城区" not in ran.err


# ---------------------------------------------------------------- the draw


def test_the_smallest_tickets_win_and_the_winners_have_their_packs(
    drawn: Callable[..., Ran],
) -> None:
    tickets = sorted((law.ticket(SEED.hex(), f"A{n:02d}"), f"A{n:02d}") for n in range(1, 11))
    expected = [no for _, no in tickets[:4]]
    assert certificate()["rest"]["winners"] == expected
    assert [row[0] for row in rows("SELECT resident FROM claims ORDER BY claim_no")] == [
        token(no) for no in expected
    ]
    data = drawn("draw", "show", "l1", "-o", "json").data
    assert (data["winners"], data["losers"], data["places"], data["seed"]) == (4, 6, 4, SEED.hex())
    assert drawn("round", "show", "l1", "-o", "json").data["claimed"] == 4
    assert rows("SELECT count(*) FROM applications") == [(10,)]
    drawn("check")


def test_a_second_draw_changes_nothing_and_says_so(drawn: Callable[..., Ran]) -> None:
    before = rows("SELECT certificate FROM draws") + rows("SELECT claim_no FROM claims")
    for words in (("draw", "run", "l1"), ("round", "draw", "l1")):
        again = drawn(*words, "--public-randomness", "other", "--now", "2020-03-28 08:00")
        assert "round l1 was drawn on 2020-03-27 08:00:00; nothing was changed" in again.err
    assert rows("SELECT certificate FROM draws") + rows("SELECT claim_no FROM claims") == before
    assert rows("SELECT count(*) FROM audit WHERE deed = 'draw.run'") == [(1,)]


def test_no_packs_are_added_once_everybody_knows_who_would_be_next(
    drawn: Callable[..., Ran],
) -> None:
    ran = drawn(
        "round",
        "top-up",
        "l1",
        "--packs",
        "2",
        "--actor",
        "mei",
        "--now",
        "2020-03-27 09:00",
        expect=3,
    )
    assert ran.err.splitlines() == [
        (
            "error: round l1 was drawn on 2020-03-27 08:00:00: its packs stand, because it is known"
            " who would be next [round_drawn]"
        ),
        "  next: hold another lottery: voucher round copy l1 NEW --packs N --opens-at TIME",
    ]


def test_a_top_up_that_was_proposed_before_the_draw_and_comes_after_it_is_refused(
    town: Callable[..., Ran],
) -> None:
    commit()
    apply(10)
    town("round", "top-up", "l1", "--packs", "1", "--actor", "mei")
    town("round", "approve", "l1", "--actor", "lin")
    town("round", "top-up", "l1", "--packs", "2", "--actor", "mei")
    town("round", "open", "l1", *AT_OPENING)
    assert town("draw", "run", "l1", "--to", "out", *AT_OPENING, "-o", "json").data["winners"] == 5
    assert (
        read_refusal(
            town("round", "approve", "l1", "--actor", "lin", *AT_OPENING, "-o", "json", expect=3)
        )
        == "round_drawn"
    )
    assert town("round", "show", "l1", "-o", "json").data["packs"] == 5


@pytest.fixture
def listed(town: Callable[..., Ran]) -> Callable[..., Ran]:
    """A lottery whose list of entrants is out: registration has closed at six, half an hour ago."""
    commit(registration_closes_at=towns.at("2020-03-26 18:00"))
    apply(6)
    town("draw", "entrants", "l1", "--to", "list.csv", "--now", EVENING)
    return town


EVENING = "2020-03-26 18:30"


@pytest.mark.parametrize(
    "words",
    [
        ("edit", "l1", "--packs", "5"),
        ("edit", "l1", "--per-resident", "2"),
        ("edit", "l1", "--group", "poor"),
        ("edit", "l1", "--mode", "fcfs"),
        ("edit", "l1", "--platform", "alipay"),
        ("edit", "l1", "--packs", "5", "--closes-at", "2020-03-30"),
        ("top-up", "l1", "--packs", "1"),
    ],
)
def test_places_and_terms_stand_once_the_list_is_out(
    listed: Callable[..., Ran], words: tuple[str, ...]
) -> None:
    limits = {"packs_per_resident_per_round": 2}
    towns.change(listed, limits=limits)
    ran = listed("round", *words, "--actor", "mei", "--now", EVENING, expect=3)
    assert ran.err.splitlines() == [
        "error: the list of entrants of l1 was published at 2020-03-26 18:30:00: its places and"
        " terms stand, only its times may move [entrants_published]",
        "  next: voucher round reschedule l1, or another lottery: voucher round copy l1 NEW"
        " --opens-at TIME",
    ]
    shown = listed("round", "show", "l1", "-o", "json").data
    assert (shown["packs"], shown["state"]) == (4, "approved")


def test_a_top_up_that_was_proposed_before_the_list_cannot_be_approved_after_it(
    town: Callable[..., Ran],
) -> None:
    commit(registration_closes_at=towns.at("2020-03-26 18:00"))
    apply(6)
    town("round", "top-up", "l1", "--packs", "2", "--actor", "mei")
    town("draw", "entrants", "l1", "--to", "list.csv", "--now", EVENING)
    ran = town("round", "approve", "l1", "--actor", "lin", "--now", EVENING, expect=3)
    assert "[entrants_published]" in ran.err


def test_the_times_of_a_round_may_move_when_its_list_is_out(listed: Callable[..., Ran]) -> None:
    words = ("--closes-at", "2020-03-30", "--actor", "mei", "--now", EVENING)
    assert listed("round", "edit", "l1", *words).code == 0
    refused = listed("round", "open", "l1", "--now", EVENING, "-o", "json", expect=3)
    assert read_refusal(refused) == "wrong_state"


def test_more_packs_are_not_offered_when_the_list_is_out(listed: Callable[..., Ran]) -> None:
    ran = listed("round", "submit", "l1", "--now", EVENING, expect=3)
    assert "(possible: open, edit, cancel, reschedule)" in ran.err


def test_a_dry_run_never_tells_who_would_win(town: Callable[..., Ran]) -> None:
    commit()
    apply(8)
    town("round", "open", "l1", *AT_OPENING)
    ran = town("draw", "run", "l1", "--dry-run", *AT_OPENING, "-o", "json")
    assert (ran.data["seed"], ran.data["winners"], ran.data["entrants"]) == (None, None, 8)
    assert not Path("draws").exists()
    assert rows("SELECT count(*) FROM claims") == [(0,)]


def test_a_round_is_drawn_while_it_is_open_and_after_registration(town: Callable[..., Ran]) -> None:
    commit()
    apply(8)
    assert (
        read_refusal(town("draw", "run", "l1", "-o", "json", expect=3)) == "registration_still_open"
    )
    assert (
        read_refusal(town("draw", "run", "l1", *AT_OPENING, "-o", "json", expect=3))
        == "wrong_state"
    )
    town("round", "open", "l1", *AT_OPENING)
    assert town("draw", "run", "l1", *AT_OPENING).code == 0


def test_round_draw_takes_the_next_step(town: Callable[..., Ran]) -> None:
    assert "committed to a seed for l1" in town("round", "draw", "l1", "--yes").err
    assert (
        "the draw follows after registration closes at 2020-03-27 08:00:00"
        in town("round", "draw", "l1").err
    )
    apply(5)
    town("round", "open", "l1", *AT_OPENING)
    assert "drew l1: 4 of 5 entrants won" in town("round", "draw", "l1", *AT_OPENING).err
    assert certificate("draws")["drawn_at"] == "2020-03-27T08:00:00+08:00"


TERMS = (
    "the seed of l1 would be fixed for good, without a public source: registration from 2020-03-20"
    " 00:00:00 to 2020-03-27 08:00:00, 5 entrants so far, 4 places"
)


def test_round_draw_fixes_no_seed_unasked(town: Callable[..., Ran]) -> None:
    apply(5)
    ran = town("round", "draw", "l1", expect=3)
    assert ran.err.splitlines() == [
        f"error: {TERMS} [seed_without_source]",
        "  next: voucher draw commit l1 --public-source TEXT, or all the same: voucher round draw l1"
        " --yes",
    ]
    assert rows("SELECT count(*) FROM draws") == [(0,)]
    assert town("round", "draw", "l1", "--dry-run").code == 0
    town("draw", "commit", "l1", "--public-source", "3D of 26 March")
    assert rows("SELECT public_source FROM draws") == [("3D of 26 March",)]


def test_registration_without_an_opening_is_open_from_now_on(
    town: Callable[..., Ran],
) -> None:
    towns.make_round(
        town, "l2", "--mode", "lottery", packs=7, closes="2020-03-29 08:00", template="pack"
    )
    said = town("round", "draw", "l2", expect=3).err
    assert "registration from now on to 2020-03-27 08:00:00, 0 entrants so far, 7 places" in said


@pytest.mark.parametrize(("answer", "code"), [("n\n", 130), ("y\n", 0)])
def test_round_draw_asks_at_a_terminal(
    town: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    apply(5)
    stdin = io.StringIO(answer)
    stdin.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", stdin)
    ran = town("round", "draw", "l1", expect=code)
    assert ran.err.splitlines()[0] == TERMS and "Fix it now?" in ran.err
    assert ran.err.endswith("nothing was changed\n") is bool(code)
    assert rows("SELECT count(*) FROM draws") == [(0 if code else 1,)]
    stdin.seek(0)
    assert code or "Fix it now?" not in town("round", "draw", "l1").err


def test_a_seed_that_would_come_too_late_is_refused_before_anyone_is_asked(
    town: Callable[..., Ran],
) -> None:
    ran = town("round", "draw", "l1", *AT_OPENING, expect=3)
    assert "[registration_over]" in ran.err


def test_a_public_text_is_mixed_in_as_announced(town: Callable[..., Ran]) -> None:
    commit(public_source="3D of 26 March")
    apply(8)
    town("round", "open", "l1", *AT_OPENING)
    assert (
        read_refusal(town("draw", "run", "l1", *AT_OPENING, "-o", "json", expect=3))
        == "public_randomness_missing"
    )
    ran = town("draw", "run", "l1", "--public-randomness", "4 1 7", "--to", "out", *AT_OPENING)
    assert "public_source_unannounced" not in ran.err
    effective = hashlib.sha256(f"{SEED.hex()}:4 1 7".encode()).hexdigest()
    assert certificate()["effective_seed"] == effective
    assert certificate()["rest"]["winners"][0] == min(
        (f"A{n:02d}" for n in range(1, 9)), key=lambda no: law.ticket(effective, no)
    )


def test_a_public_text_that_nobody_announced_is_warned_of(town: Callable[..., Ran]) -> None:
    commit()
    apply(8)
    town("round", "open", "l1", *AT_OPENING)
    assert (
        read_refusal(
            town(
                "draw", "run", "l1", "--public-randomness", " ", *AT_OPENING, "-o", "json", expect=2
            )
        )
        == "bad_public_randomness"
    )
    assert (
        "[public_source_unannounced]"
        in town("draw", "run", "l1", "--public-randomness", "4 1 7", *AT_OPENING).err
    )


def test_strata_keep_their_places(town: Callable[..., Ran]) -> None:
    commit(strata=(law.Stratum(2, "西湖区"),))
    apply(9)
    town("round", "open", "l1", *AT_OPENING)
    data = town("draw", "run", "l1", "--to", "out", *AT_OPENING, "-o", "json").data
    assert data["strata"] == [
        {"district": "西湖区", "group": "", "quota": 2, "entrants": 3, "winners": 2}
    ]
    inside = sorted((no for no in ("A03", "A06", "A09")), key=lambda no: law.ticket(SEED.hex(), no))
    assert certificate()["strata"][0]["winners"] == inside[:2]
    assert Path("out/town-l1-entrants.csv").read_text("utf-8").splitlines()[:2] == [
        "application_no,district",
        "A01,上城区",
    ]


def test_whoever_has_the_packs_allowed_cannot_win(town: Callable[..., Ran]) -> None:
    commit()
    apply(6)
    town("round", "open", "l1", *AT_OPENING)
    Path("claims.csv").write_text(
        f"claim_no,round,resident,claimed_at\nX1,l1,token:{token('A02').hex()},2020-03-27"
        " 08:00:00\n",
        "utf-8",
    )
    town("claim", "import", "claims.csv", *AT_OPENING)
    ran = town("draw", "run", "l1", "--to", "out", *AT_OPENING)
    assert "warning: 1 of 6 entrants could not win [entrants_barred]" in ran.err
    for said in (ran, town("draw", "show", "l1")):
        assert re.search(r"^not drawn +3\nof these +1\nbarred$", said.out, re.M)
        assert re.search(
            r"^A02 +resident_limit +the resident has the packs allowed$", said.out, re.M
        )
    shown = town("draw", "show", "l1", "-o", "json").data
    assert (shown["losers"], shown["barred_entrants"]) == (3, 1)
    assert shown["barred"] == [{"application_no": "A02", "reason": "resident_limit"}]
    document = certificate()
    assert document["barred"] == [{"application_no": "A02", "reason": "resident_limit"}]
    assert (document["places"], len(document["rest"]["winners"])) == (3, 3)
    assert "A02" not in document["rest"]["winners"]
    assert "A02" in town("draw", "show", "l1", "--application", "A02").err
    files = ("out/town-l1-certificate.json", "--entrants", "out/town-l1-entrants.csv")
    proven = town("draw", "verify", *files)
    assert "1 of 6 entrants could not win [entrants_barred]" in proven.err
    assert "A02          resident_limit" in proven.out
    data = town("draw", "verify", *files, "-o", "json").data
    assert (data["proven"], data["barred"]) == (True, document["barred"])
    chinese = town("draw", "verify", *files, "--lang", "zh")
    assert "6 名参加摇号者中有 1 名不得中签" in chinese.err and "不得中签者" in chinese.out


def test_a_screen_shows_the_first_of_many_who_were_barred(town: Callable[..., Ran]) -> None:
    commit()
    apply(30)
    town("round", "edit", "l1", "--packs", "30", "--actor", "mei")
    town("round", "submit", "l1", "--actor", "mei")
    town("round", "approve", "l1", "--actor", "lin")
    town("round", "open", "l1", *AT_OPENING)
    holders = "".join(
        f"X{n},l1,token:{token(f'A{n:02d}').hex()},2020-03-27 08:00:00\n" for n in range(1, 26)
    )
    file = towns.write("claims.csv", f"claim_no,round,resident,claimed_at\n{holders}")
    town("claim", "import", file, *AT_OPENING)
    ran = town("draw", "run", "l1", "--to", "out", *AT_OPENING)
    assert ran.out.count("resident_limit") == 20
    assert "5 more stand in the certificate." in ran.out
    assert len(town("draw", "show", "l1", "-o", "json").data["barred"]) == 25
    assert town("draw", "show", "l1", "-o", "csv").out.count("resident_limit") == 25


def test_another_key_cannot_open_the_seed(town: Callable[..., Ran]) -> None:
    commit()
    apply(6)
    town("round", "open", "l1", *AT_OPENING)
    Path("voucher.key").write_text("ab" * 32 + "\n", "ascii")
    run = ("draw", "run", "l1", *AT_OPENING, "-o", "json")
    assert read_refusal(town(*run, expect=3)) == "wrong_key"
    with closing(sqlite3.connect("voucher.db")) as db, db:  # a file from before it knew its key
        db.execute("DELETE FROM identity_key")
    assert read_refusal(town(*run, expect=3)) == "seed_lost"


# ---------------------------------------------------------------- show, and the certificate


def test_a_draw_tells_of_each_application(drawn: Callable[..., Ran]) -> None:
    winner, loser = (
        certificate()["rest"]["winners"][0],
        next(
            f"A{n:02d}" for n in range(1, 11) if f"A{n:02d}" not in certificate()["rest"]["winners"]
        ),
    )
    ticket = law.ticket(SEED.hex(), winner)
    assert (
        f"application {winner} won with the ticket {ticket}"
        in drawn("draw", "show", "l1", "--application", winner).err
    )
    assert (
        f"application {loser} did not win"
        in drawn("draw", "show", "l1", "--application", loser).err
    )
    assert (
        read_refusal(drawn("draw", "show", "l1", "--application", "A99", "-o", "json", expect=3))
        == "unknown_application"
    )


def test_the_files_of_a_draw_can_be_written_again(drawn: Callable[..., Ran]) -> None:
    drawn("draw", "show", "l1", "--to", "again")
    names = sorted(path.name for path in Path("out").iterdir())
    assert names == ["town-l1-certificate.json", "town-l1-certificate.txt", "town-l1-entrants.csv"]
    assert all(Path("again", name).read_bytes() == Path("out", name).read_bytes() for name in names)
    apply(11, 11)
    ran = drawn("draw", "show", "l1", "--to", "third")
    assert "[entrants_changed]" in ran.err
    assert not Path("third/town-l1-entrants.csv").exists()


def test_there_is_no_certificate_before_the_draw(town: Callable[..., Ran]) -> None:
    assert town("draw", "show", "l1", "-o", "json").data["step"] == "not_committed"
    assert (
        read_refusal(town("draw", "show", "l1", "--to", "out", "-o", "json", expect=3))
        == "not_drawn"
    )


def test_the_printed_certificate_is_in_both_languages(drawn: Callable[..., Ran]) -> None:
    text = Path("out/town-l1-certificate.txt").read_text("utf-8")
    assert text.startswith("消费券摇号证书\nCERTIFICATE OF A VOUCHER DRAW\n")
    document = certificate()
    for value in (
        document["seed"],
        document["seed_sha256"],
        document["entrants_sha256"],
        document["sha256"],
        *document["rest"]["winners"],
    ):
        assert value in text
    assert (
        rows("SELECT detail FROM audit WHERE deed = 'draw.run'")[0][0].count(document["sha256"])
        == 1
    )


def test_a_draw_speaks_chinese(drawn: Callable[..., Ran]) -> None:
    ran = drawn("draw", "show", "l1", "--lang", "zh")
    assert "期次 l1 摇号：已摇号" in ran.out
    assert "中签数" in ran.out


# ---------------------------------------------------------------- a stranger's check


@pytest.fixture
def files(
    drawn: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Ran]]:
    """The published files alone, in a folder without any database."""
    folder = Path("elsewhere")
    folder.mkdir()
    for name in ("certificate.json", "entrants.csv"):
        (folder / name).write_bytes(Path("out", f"town-l1-{name}").read_bytes())
    monkeypatch.chdir(folder)
    yield drawn


def verify(voucher: Callable[..., Ran], *options: str, expect: int) -> list[str]:
    ran = voucher(
        "draw",
        "verify",
        "certificate.json",
        "--entrants",
        "entrants.csv",
        *options,
        "-o",
        "json",
        expect=expect,
    )
    assert ran.data is None or ran.data["proven"] is (expect == 0)
    return [each["code"] for each in ran.json["problems"]]


def tamper(**parts: Any) -> None:
    document = json.loads(Path("certificate.json").read_text("utf-8")) | parts
    Path("certificate.json").write_text(
        json.dumps(document | {"sha256": canonical.own_digest(document)}), "utf-8"
    )


def test_a_stranger_proves_the_draw_without_a_database(files: Callable[..., Ran]) -> None:
    assert (
        verify(
            files, "--commitment", hashlib.sha256(SEED.hex().encode()).hexdigest().upper(), expect=0
        )
        == []
    )
    assert not list(Path().glob("*.db*"))


def test_a_stranger_finds_what_was_tampered_with(files: Callable[..., Ran]) -> None:
    whole = {name: Path(name).read_bytes() for name in ("certificate.json", "entrants.csv")}
    document = json.loads(whole["certificate.json"])
    lines = whole["entrants.csv"].splitlines(keepends=True)
    winners = document["rest"]["winners"]

    def found(*, entrants: list[bytes] = lines, **parts: Any) -> set[str]:
        Path("certificate.json").write_bytes(whole["certificate.json"])
        Path("entrants.csv").write_bytes(b"".join(entrants))
        tamper(**parts)
        return set(verify(files, expect=5))

    assert found(seed="0" * 64) == {"seed_changed"}
    assert found(public_randomness="x") == {"seed_changed"}
    assert found(entrants=[*lines, b"A99\n"]) == {"entrants_changed"}
    assert found(entrants=lines[:-1]) == {"entrants_changed"}
    assert found(entrants=[lines[0], lines[2], lines[1], *lines[3:]]) == {"entrants_changed"}
    assert found(rest=document["rest"] | {"winners": [*winners[:-1], "A99"]}) == {"winner_changed"}
    assert found(places=3) == {"quota_wrong"}
    Path("certificate.json").write_bytes(
        whole["certificate.json"].replace(b"2020-03-27", b"2020-03-28")
    )
    Path("entrants.csv").write_bytes(whole["entrants.csv"])
    assert verify(files, expect=5) == ["certificate_changed"]
    Path("certificate.json").write_bytes(whole["certificate.json"])
    assert verify(files, "--commitment", "0" * 64, expect=5) == ["commitment_differs"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("certificate.json", b"{", "bad_certificate"),
        ("certificate.json", b'{"certificate": 1}', "bad_certificate"),
        ("certificate.json", b"\xff", "bad_certificate"),
        ("certificate.json", b"[" * 100_000, "bad_certificate"),
        ("entrants.csv", b"", "bad_entrants"),
        ("entrants.csv", b"no\n1\n", "bad_entrants"),
        ("entrants.csv", b"\xff\xfe", "bad_entrants"),
        ("entrants.csv", b"application_no\nA1,2\n", "bad_entrants"),
        ("entrants.csv", None, "no_such_file"),
    ],
)
def test_files_that_are_something_else_are_refused(
    files: Callable[..., Ran], name: str, content: bytes | None, code: str
) -> None:
    if content is None:
        Path(name).unlink()
    else:
        Path(name).write_bytes(content)
    ran = files(
        "draw", "verify", "certificate.json", "--entrants", "entrants.csv", "-o", "json", expect=3
    )
    assert read_refusal(ran) == code


def test_a_round_that_opens_later_than_its_list_came_out_is_still_proven(
    town: Callable[..., Ran],
) -> None:
    commit()
    apply(6)
    town("draw", "entrants", "l1", *AT_OPENING)
    words = ("--opens-at", "2020-03-28 08:00", "--now", OPENS)
    town("round", "reschedule", "l1", *words, "--actor", "mei", "--note", "rain")
    town("round", "approve", "l1", "--actor", "lin", "--now", OPENS)
    later = ("--now", "2020-03-28 09:00")
    town("round", "open", "l1", *later)
    town("draw", "run", "l1", "--to", "out", *later)
    document = certificate()
    assert document["registration_closed_at"] == document["published_at"]
    assert document["drawn_at"] == "2020-03-28T09:00:00+08:00"
    files = ("out/town-l1-certificate.json", "--entrants", "out/town-l1-entrants.csv")
    assert town("draw", "verify", *files, "-o", "json").data["proven"] is True
