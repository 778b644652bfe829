"""A file knows its key: another one is refused by every command, and an older file gets to know its
own only where that is sure.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
from towns import CLAIMS

if TYPE_CHECKING:
    from conftest import Ran

OTHER = "ab" * 32 + "\n"
COMMANDS = (
    ("round", "list"),
    ("claim", "list"),
    ("claim", "import", "claims.csv"),
    ("claim", "grant", "r1", "13800000001"),
    ("merchant", "import", "merchants.csv"),
    ("report", "leverage"),
    ("check",),
    ("batch", "list"),
    ("schedule", "tick"),
    ("audit", "verify"),
    ("todo",),
    ("init",),
)


def code_of(ran: Ran) -> str:
    return str(ran.json["problems"][0]["code"])


def forget(here: Path) -> None:
    """Make the file one from before it knew its key."""
    towns.by_hand(here, "DELETE FROM identity_key")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_another_key_is_refused_by_every_command(
    city: Any, here: Path, command: tuple[str, ...]
) -> None:
    voucher = city()
    (here / "voucher.key").write_text(OTHER)
    ran = voucher(*command, "-o", "json", expect=3)
    assert code_of(ran) == "wrong_key"
    assert "backed up with this database" in ran.json["problems"][0]["hint"]


def test_doctor_says_that_it_is_another_key(city: Any, here: Path) -> None:
    voucher = city()
    assert "wrong_key" not in voucher("doctor", expect=None).err
    (here / "voucher.key").write_text(OTHER)
    assert "[wrong_key]" in voucher("doctor", expect=5).err


def test_another_key_gives_nobody_a_second_pack(city: Any, here: Path) -> None:
    voucher = city()
    (here / "voucher.key").write_text(OTHER)
    (here / "c.csv").write_text(CLAIMS + "C9,r1,330102199001010012,2020-03-27 09:00:00\n")
    voucher("claim", "import", "c.csv", expect=3)
    assert towns.ask(here, "SELECT count(*) FROM claims") == [(3,)]


def test_a_missing_key_stops_only_what_needs_it(city: Any, here: Path) -> None:
    voucher = city()
    (here / "voucher.key").unlink()
    voucher("round", "list")
    assert code_of(voucher("claim", "list", "--resident", "1", "-o", "json", expect=3)) == "no_key"


def test_a_new_file_knows_its_key_and_a_new_way(voucher: Any, here: Path) -> None:
    voucher("init")
    assert towns.ask(here, "SELECT length(fingerprint), way FROM identity_key") == [(32, 2)]
    assert "nothing was changed" in voucher("init").err


def test_an_older_file_without_residents_gets_to_know_its_key(city: Any, here: Path) -> None:
    voucher = city(with_claims=False)
    forget(here)
    voucher("round", "list")
    assert towns.ask(here, "SELECT count(*) FROM identity_key") == [(0,)]  # it only looked
    voucher("claim", "import", "claims.csv", "--dry-run")
    assert towns.ask(here, "SELECT count(*) FROM identity_key") == [(0,)]
    voucher("claim", "import", "claims.csv")
    assert towns.ask(here, "SELECT way FROM identity_key") == [(2,)]
    (here / "voucher.key").write_text(OTHER)
    assert code_of(voucher("round", "list", "-o", "json", expect=3)) == "wrong_key"


def test_an_older_file_with_residents_takes_no_key_by_itself(city: Any, here: Path) -> None:
    voucher = city()
    forget(here)
    (here / "c.csv").write_text(CLAIMS + "C9,r1,138-0000-0001,2020-03-27 09:00:00\n")
    voucher("claim", "import", "c.csv")
    assert towns.ask(here, "SELECT count(*) FROM identity_key") == [(0,)]
    assert "[key_unconfirmed]" in voucher("doctor", expect=None).err
    # its residents are evened out as they were
    assert voucher("claim", "list", "--resident", "13800000001", "-o", "json").data["claims"] == []
    assert "knows its key from now on" in voucher("init").err
    assert towns.ask(here, "SELECT way FROM identity_key") == [(1,)]
    assert "[key_unconfirmed]" not in voucher("doctor", expect=None).err


def test_a_committed_seed_tells_the_key(voucher: Any, here: Path) -> None:
    towns.build(voucher, towns.programme(), towns.pack())
    towns.make_round(voucher, "l1", "--mode", "lottery", state="approved")
    voucher(
        "draw",
        "commit",
        "l1",
        "--public-source",
        "SSE Composite, close of 26 March",
        "--actor",
        "mei",
    )
    voucher("eligibility", "import", towns.write("e.csv", "resident,group\n1,x\n"))
    forget(here)
    key = (here / "voucher.key").read_text()
    (here / "voucher.key").write_text(OTHER)
    voucher("merchant", "import", towns.write("m.csv", "merchant_no,name\nM1,a\n"))
    assert towns.ask(here, "SELECT count(*) FROM identity_key") == [(0,)]
    (here / "voucher.key").write_text(key)
    voucher("merchant", "import", towns.write("n.csv", "merchant_no,name\nM2,b\n"))
    assert towns.ask(here, "SELECT way FROM identity_key") == [(1,)]


def test_a_key_lost_before_its_first_use_is_made_anew(voucher: Any, here: Path) -> None:
    voucher("init")
    (here / "voucher.key").unlink()
    voucher("init")
    voucher("round", "list", expect=None)
    assert "wrong_key" not in voucher("doctor", expect=None).err
    towns.build(voucher, towns.programme(), towns.pack())
    voucher("eligibility", "import", towns.write("e.csv", "resident,group\n1,x\n"))
    Path("voucher.key").unlink()
    assert code_of(voucher("init", "-o", "json", expect=3)) == "no_key"
