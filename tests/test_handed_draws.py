"""A lottery that a platform issues and that is drawn here: register, draw, hand the winners on with
the order, and refuse the claims of those who did not win.
"""

from __future__ import annotations

import hashlib
import json
import random
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from towns import OPENS

from vouchercli.ops.intake import by_columns, chunks
from vouchercli.ops.lottery import draws as ops

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Once, Ran

SEED = bytes(range(32))
LATE = "2020-03-25 20:00"  # registration closes, a day and a half before the opening
AFTER = "2020-03-27 12:00"
APPLICATIONS = "application_no,round,resident,applied_at,device\n"
CLAIMS = "claim_no,round,resident,claimed_at,application_no\n"
WINNERS = ["A02", "A04", "A06"]  # of A01 ... A08, by that seed: the same for ever
session = partial(towns.session, Path("voucher.db"), "mei", 1584666000)  # on 20 March


@pytest.fixture
def town(city: Callable[..., Any], once: Once) -> Callable[..., Ran]:
    """A town with the approved lottery l1 of 3 packs that alipay issues and that is drawn here:
    eight have applied, the seed is committed to.
    """
    voucher: Callable[..., Ran] = city(with_claims=False)

    def build() -> None:
        towns.make_round(
            voucher,
            "l1",
            *("--mode", "lottery", "--platform", "alipay", "--drawn", "here"),
            *("--registration-opens", "2020-03-20"),
            packs=3,
            closes="2020-03-29 08:00",
        )
        with session() as each:
            ops.commit_seed(each, "l1", seed=SEED, registration_closes_at=towns.at(LATE))
        rows = [f"A{n:02d},l1,R{n},2020-03-21 08:00:0{n},\n" for n in range(1, 9)]
        towns.write("applications.csv", APPLICATIONS + "".join(rows))
        voucher("application", "import", "applications.csv", "--now", "2020-03-22 08:00")

    once("handed lottery", build)
    return voucher


@pytest.fixture
def drawn(town: Callable[..., Ran], once: Once) -> Callable[..., Ran]:
    """... drawn when registration had closed, and open."""

    def build() -> None:
        town("draw", "run", "l1", "--now", LATE)
        town("round", "open", "l1", "--now", OPENS)

    once("handed lottery, drawn", build)
    return town


def claim(voucher: Callable[..., Ran], *rows: str, now: str = AFTER, name: str = "c.csv") -> Any:
    """What an import of these claims answers: `number resident application_no`."""
    lines = [
        ",".join((number, "l1", resident, f"2020-03-27 09:00:{place:02d}", application_no))
        for place, row in enumerate(rows)
        for number, resident, application_no in [row.split(" ")]
    ]
    path = towns.write(name, CLAIMS + "\n".join(lines) + "\n")
    ran = voucher("claim", "import", path, "-o", "json", "--now", now, expect=None)
    return ran.json["data"]


def reasons(voucher: Callable[..., Ran], batch: int) -> dict[str, str]:
    """Claim number -> why it was rejected."""
    rows = towns.ask(
        ".", "SELECT detail ->> 'claim_no', reason FROM rejects WHERE batch_id = ?", batch
    )
    return dict(rows)


def order(number: int = 1) -> tuple[dict[str, Any], str]:
    """The order in the outbox, and the list of winners beside it."""
    file = Path(f"outbox/alipay/town-l1-order-{number}.json")
    return json.loads(file.read_text("utf-8")), file.with_name(
        f"{file.stem}-winners.csv"
    ).read_text("utf-8")


# ---------------------------------------------------------------- draft, draw, order


def test_it_is_said_where_the_lots_are_drawn(town: Callable[..., Ran]) -> None:
    shown = town("round", "show", "l1", "-o", "json").data
    assert (shown["drawn"], shown["per_resident"]) == ("here", 1)
    towns.draft(town, "l2", "--mode", "lottery", "--platform", "alipay")
    assert town("round", "show", "l2", "-o", "json").data["drawn"] == "platform"
    ran = town("round", "edit", "l2", "--drawn", "here")
    assert "lots drawn: platform → here" in ran.out + ran.err
    assert "drawn_elsewhere" not in ran.err
    town("round", "edit", "l2", "--platform", "")  # then it is an ordinary lottery
    town("round", "edit", "l2", "--platform", "alipay")
    assert town("round", "show", "l2", "-o", "json").data["drawn"] == "platform"
    copied = town("round", "copy", "l1", "l3", "--opens-at", "2020-05-01 08:00")
    assert "drawn_elsewhere" not in copied.err
    assert town("round", "show", "l3", "-o", "json").data["drawn"] == "here"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--drawn", "here"], "not_drawn_by_lot"),
        (["--mode", "lottery", "--drawn", "platform"], "drawn_here_only"),
        (["--mode", "lottery", "--platform", "alipay", "--drawn", "there"], "unknown_drawn"),
    ],
)
def test_what_cannot_be_drawn_so_is_a_slip_of_the_pen(
    town: Callable[..., Ran], options: list[str], code: str
) -> None:
    assert f"[{code}]" in towns.draft(town, "l2", *options, expect=2).err


def test_the_platform_is_told_nothing_before_the_draw(town: Callable[..., Ran]) -> None:
    assert "[not_drawn]" in town("round", "order", "l1", expect=3).err
    assert "registration_still_open" in town("draw", "run", "l1", expect=3).err


def test_the_order_names_the_winners(town: Callable[..., Ran]) -> None:
    ran = town("draw", "run", "l1", "--to", "out", "--now", LATE)
    assert "voucher round order l1" in ran.err
    town("round", "order", "l1", "--now", LATE)
    document, sheet = order()
    assert sheet.splitlines() == ["application_no", *WINNERS]
    assert document["winners"] == {
        "count": 3,
        "sha256": hashlib.sha256(sheet.encode()).hexdigest(),
    }
    assert towns.ask(".", "SELECT count(*) FROM claims") == [(0,)]
    verified = town(
        "draw", "verify", "out/town-l1-certificate.json", "--entrants", "out/town-l1-entrants.csv"
    )
    assert "verified: 3 winners of 8 entrants" in verified.out + verified.err
    town("check")


def test_the_tick_draws_when_registration_has_closed_and_orders_then(
    town: Callable[..., Ran],
) -> None:
    ran = town("schedule", "tick", "--now", "2020-03-26 08:00", "-o", "json")
    done = [(each["deed"], each["subject"]) for each in ran.data["deeds"]]
    assert ("draw", "l1") in done
    assert ("order", "l1") not in done  # alipay wants it at the opening
    ran = town("schedule", "tick", "--now", OPENS, "-o", "json")
    done = [each["deed"] for each in ran.data["deeds"] if each["subject"] == "l1"]
    assert done == ["open", "order", "write"]
    assert order()[1].splitlines()[1:] == WINNERS


def test_a_late_tick_draws_first_and_orders_in_the_same_turn(town: Callable[..., Ran]) -> None:
    ran = town("schedule", "tick", "--now", AFTER, "-o", "json")
    done = [each["deed"] for each in ran.data["deeds"] if each["subject"] == "l1"]
    assert done == ["open", "draw", "order", "write"]


def test_a_later_opening_replaces_the_order_with_the_same_winners(
    town: Callable[..., Ran],
) -> None:
    town("draw", "run", "l1", "--now", LATE)
    town("round", "order", "l1", "--now", LATE)
    town("round", "reschedule", "l1", "--opens-at", "2020-03-27 10:00", "--now", LATE)
    town("round", "approve", "l1", "--actor", "lin", "--now", LATE)
    town("round", "order", "l1", "--now", LATE)
    assert order(2)[0]["winners"] == order(1)[0]["winners"]
    assert order(2)[1] == order(1)[1]


def test_the_places_of_a_drawn_round_stand(drawn: Callable[..., Ran]) -> None:
    refused = drawn("round", "top-up", "l1", "--packs", "1", "--now", AFTER, expect=3)
    assert "[round_drawn]" in refused.err


# ---------------------------------------------------------------- claims

STORY = (
    "C1 user-1 A02",  # by the number, whatever the platform calls that person
    "C2 user-2 A01",  # did not win
    "C3 user-3 A99",  # never applied
    "C4 R4 ",  # by the resident
    "C5 R5 ",  # did not win
    "C6 nobody ",
    "C7 R2 ",  # has the pack of C1
    "C8 user-8 A02",  # ... too
    "C9 R6 A01",  # has won, but the number is another's
)
REFUSED = {
    "C2": "not_a_winner",
    "C3": "not_a_winner",
    "C5": "not_a_winner",
    "C6": "not_a_winner",
    "C7": "resident_limit",
    "C8": "resident_limit",
    "C9": "not_a_winner",
}


@pytest.mark.parametrize("bytes_", [1 << 40, 0], ids=["by rows", "by columns"])
def test_winners_claim_once_and_others_never(
    drawn: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, bytes_: int
) -> None:
    pytest.importorskip("polars")
    monkeypatch.setattr(by_columns, "BYTES", bytes_)
    data = claim(drawn, *STORY)
    assert (data["accepted"], reasons(drawn, data["batch"])) == (2, REFUSED)
    again = claim(drawn, *STORY, name="again.csv")
    assert again["batch"] == data["batch"]  # the same file
    more = claim(drawn, "C1 user-1 A02", "C6 nobody ", "D1 R6 ")
    assert (more["accepted"], more["duplicate"], more["rejected"]) == (1, 1, 1)
    drawn("check", "--now", AFTER)


@pytest.mark.parametrize("seed", range(6))
def test_columns_give_every_claim_the_ruling_of_rows(
    drawn: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    pytest.importorskip("polars")
    monkeypatch.setattr(chunks, "LINES", 5)
    chance = random.Random(seed)
    rows = [
        f"{chance.choice('ABCDEFGHIJKL')} {chance.choice(['R2', 'R4', 'R5', 'user'])}"
        f" {chance.choice(['', 'A02', 'A04', 'A06', 'A01', 'A77'])}"
        for _ in range(14)
    ]
    left = []
    for bytes_ in (1 << 40, 0):
        monkeypatch.setattr(by_columns, "BYTES", bytes_)
        batch = claim(drawn, *rows)["batch"]
        left.append(
            (
                towns.ask(".", "SELECT claim_no, hex(resident), claimed_at, line FROM claims"),
                towns.ask(".", "SELECT line, reason FROM rejects WHERE batch_id = ?", batch),
            )
        )
        drawn("check", "--now", AFTER)
        drawn("batch", "undo", str(batch), "--yes", "--now", AFTER)
    assert [[*map(sorted, each)] for each in left[:1]] == [
        [*map(sorted, each)] for each in left[1:]
    ]


def test_winners_that_are_named_by_number_are_proved_by_columns(
    drawn: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("polars")
    monkeypatch.setattr(by_columns, "BYTES", 0)
    from vouchercli.ops.intake.by_columns import claims as module

    proved, write = [], module.Writer.write

    def watched(self: Any, intake: Any, proof: Any) -> Any:
        proved.append((proof.fit.height, len(proof.lines)))
        return write(self, intake, proof)

    monkeypatch.setattr(module.Writer, "write", watched)
    data = claim(drawn, "C1 user-1 A02", "C2 user-2 A01", "C3 user-3 A04", "C4 R6 ")
    assert (data["accepted"], proved) == (3, [(3, 1)])


def test_a_number_that_is_claimed_twice_stands_once_in_any_order_of_files(
    drawn: Callable[..., Ran],
) -> None:
    first = claim(drawn, "C1 user-1 A02", "C2 R4 ")
    assert first["accepted"] == 2
    data = claim(drawn, "C1 user-1 A02", "C2 user-4 A04", name="again.csv")
    assert (data["accepted"], data["duplicate"]) == (0, 2)  # the same rows, named otherwise
    drawn("batch", "undo", str(first["batch"]), "--now", AFTER)
    assert towns.ask(".", "SELECT count(*) FROM claims") == [(2,)]  # the second file has them now
    drawn("batch", "undo", str(data["batch"]), "--yes", "--now", AFTER)
    assert towns.ask(".", "SELECT count(*) FROM claims") == [(0,)]
    assert claim(drawn, "D1 R2 ", name="third.csv")["accepted"] == 1
    drawn("check", "--now", AFTER)


def test_claims_that_came_before_the_draw_are_judged_again_behind_it(
    town: Callable[..., Ran],
) -> None:
    town("round", "open", "l1", "--now", OPENS)
    data = claim(town, "C1 user-1 A02", "C2 R4 ", "C3 R5 ")
    assert data["reasons"] == {"not_a_winner": 3}
    town("draw", "run", "l1", "--now", AFTER)
    ran = town("batch", "retry", str(data["batch"]), "-o", "json", "--now", AFTER, expect=4)
    assert reasons(town, data["batch"]) == {"C3": "not_a_winner"}
    assert ran.data["accepted"] == 2
    town("check", "--now", AFTER)


def test_a_person_has_won_under_each_of_its_tokens(town: Callable[..., Ran]) -> None:
    # R9 has R2's device: one person, whose entry is A02
    rows = "A09,l1,R9,2020-03-22 09:00:00,d\nA10,l1,R2,2020-03-22 09:00:01,d\n"
    towns.write("more.csv", APPLICATIONS + rows)
    town("application", "import", "more.csv", "--now", "2020-03-23 08:00")
    town("draw", "run", "l1", "--now", LATE)
    town("round", "open", "l1", "--now", OPENS)
    data = claim(town, "C1 R9 ", "C2 R2 ", "C3 user-2 A02", "C4 user-2 A10")
    assert data["accepted"] == 1
    assert reasons(town, data["batch"]) == dict.fromkeys(("C2", "C3", "C4"), "resident_limit")
    town("check", "--now", AFTER)


def test_a_correction_is_judged_by_the_draw_too(drawn: Callable[..., Ran]) -> None:
    claim(drawn, "C1 R2 ", "C2 R4 ")
    words = ("claim", "correct", "C1", "--resident")
    why = ("--note", "typed wrong", "--evidence", "letter 7", "--actor", "mei", "--now", AFTER)
    assert "[not_a_winner]" in drawn(*words, "R5", *why, expect=3).err
    assert drawn(*words, "R6", *why).code == 0
    drawn("check", "--now", AFTER)


def test_the_money_of_unclaimed_packs_comes_back(drawn: Callable[..., Ran]) -> None:
    claim(drawn, "C1 user-1 A02")
    later = ("--now", "2020-04-20 08:00")
    drawn("schedule", "tick", *later)
    shown = drawn("round", "show", "l1", "-o", "json", *later).data
    assert (shown["state"], shown["claimed"], shown["released"]) == ("closed", 1, 2)
    drawn("check", *later)


def test_the_key_may_be_rotated_after_the_draw(drawn: Callable[..., Ran]) -> None:
    drawn("key", "rotate", "--yes", "--note", "a clerk left", "--actor", "mei", "--now", AFTER)
    assert claim(drawn, "C1 user-1 A02", "C2 R4 ", "C3 R5 ")["accepted"] == 2
    drawn("check", "--now", AFTER)


@pytest.mark.parametrize(
    "edit",
    [
        "DROP TRIGGER winners_never_vanish; DELETE FROM winners WHERE application_id ="
        " (SELECT max(application_id) FROM winners)",
        "UPDATE winners SET resident = zeroblob(16) WHERE application_id ="
        " (SELECT max(application_id) FROM winners)",
        "UPDATE claims SET resident = (SELECT resident FROM applications WHERE application_no = 'A01')",
        "DROP TRIGGER winners_are_drawn; INSERT INTO winners SELECT round_id, resident,"
        " application_id FROM applications WHERE application_no = 'A01'",
    ],
)
def test_another_winner_is_found(drawn: Callable[..., Ran], edit: str) -> None:
    claim(drawn, "C1 R2 ")
    towns.by_hand(".", *edit.split("; "))
    assert "winners_have_packs" in drawn("check", "--now", AFTER, expect=5).err


def test_a_round_that_was_made_another_lottery_is_found(drawn: Callable[..., Ran]) -> None:
    towns.by_hand(".", "UPDATE rounds SET hands_winners = 0 WHERE round = 'l1'")
    assert "rounds_as_logged" in drawn("check", "--now", AFTER, expect=5).err


def test_who_won_stands_in_the_database(drawn: Callable[..., Ran]) -> None:
    for edit in ("DELETE FROM winners", "UPDATE winners SET application_id = 1"):
        with pytest.raises(Exception, match="who won stands"):
            towns.by_hand(".", edit)
    with pytest.raises(Exception, match="winners come of a draw"):
        towns.by_hand(".", "INSERT INTO winners VALUES (1, zeroblob(16), 1)")


def test_an_application_number_says_nothing_of_another_round(town: Callable[..., Ran]) -> None:
    path = towns.write("c.csv", CLAIMS + "C1,r1,ann,2020-03-27 09:00:00,A01\n")
    assert town("claim", "import", path, "-o", "json", "--now", AFTER).data["accepted"] == 1
