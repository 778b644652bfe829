"""The key file through rotations and backups; rotations beside others at work, killed at any step, and
on a full disk: keys and tokens always fit.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest
import towns
from processes import forked
from test_key_rotation import (
    ANNA,
    HEADER,
    OPENS,
    WHY,
    claims_of,
    import_claims,
    keys,
    prove,
    rotate,
)
from test_rounds import Terminal

from vouchercli.errors import Busy
from vouchercli.ops.keeping import key_rings as ops
from vouchercli.ops.sessions import open_session
from vouchercli.rules import resident_tokens
from vouchercli.session import Session
from vouchercli.store import identities, key_fingerprints, key_rings
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Once, Ran

    Voucher = Callable[..., Ran]

posix = pytest.mark.skipif(os.name != "posix", reason="modes and signals as POSIX has them")


@pytest.fixture
def town(city: Callable[..., Voucher]) -> Voucher:
    return city()


# ---------------------------------------------------------------- the key file


@posix
def test_the_key_file_holds_both_keys_for_its_owner_alone(town: Voucher, here: Path) -> None:
    (first,) = keys(here)
    rotate(town)
    assert keys(here)[0] == first and len(keys(here)) == 2
    assert stat.S_IMODE((here / "voucher.key").stat().st_mode) == 0o600
    assert not [*here.glob(".voucher.key*")]


def test_without_its_new_key_the_file_is_not_used(town: Voucher, here: Path) -> None:
    first = (here / "voucher.key").read_bytes()
    rotate(town)
    (here / "voucher.key").write_bytes(first)
    assert "[wrong_key]" in town("claim", "list", expect=3).err
    (here / "voucher.key").write_bytes(first + b"ab" * 32 + b"\n")
    assert "[wrong_key]" in rotate(town, expect=3).err
    (here / "voucher.key").write_bytes(first + b"ab\n")
    assert "[bad_key]" in rotate(town, expect=3).err


def test_a_key_that_a_killed_rotation_left_is_taken_by_the_next(town: Voucher, here: Path) -> None:
    with (here / "voucher.key").open("a") as file:
        file.write("cd" * 32 + "\n")
    assert claims_of(town, ANNA) == ["C1"]
    import_claims(town, "D1,r1,13800000001,2020-03-27 08:00:05")
    states = [each["state"] for each in town("key", "show", "-o", "json").data["keys"]]
    assert states == ["in use", "not in use yet"]
    rotate(town)
    assert keys(here)[1:] == ["cd" * 32]
    assert claims_of(town, "13800000001") == ["D1"]


@posix
def test_a_key_file_that_cannot_be_written_changes_nothing(town: Voucher, here: Path) -> None:
    before = (here / "voucher.key").read_bytes()
    (here / ".voucher.key.part").mkdir()
    ran = rotate(town, expect=3)
    assert "no_permission" in ran.err
    assert (here / "voucher.key").read_bytes() == before
    assert claims_of(town, ANNA) == ["C1"]
    prove(town)


@posix
def test_on_a_full_disk_nothing_is_rotated(many: Path, voucher: Voucher) -> None:
    from simulation.deeds import run_on_full_disk

    voucher("claim", "import", "claims.csv", "--now", "2020-03-27 10:00")
    before = (many / "voucher.key").read_bytes()
    why = "a line that needs more than one page " * 1_000
    words = ("key", "rotate", "--reason", why, "--now", "2020-03-27 10:00")
    assert run_on_full_disk(*words, pages=1) == 3
    assert (many / "voucher.key").read_bytes() == before
    assert claims_of(voucher, "13900000007") == ["C7"]
    prove(voucher)


@posix
def test_a_file_that_is_only_read_keeps_its_key(town: Voucher, here: Path) -> None:
    asked = f"file:{here / 'voucher.db'}?mode=ro"
    with closing(sqlite3.connect(asked, uri=True)) as db:
        session = Session(db, here / "voucher.db", 0, "mei", "mei", 0)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            ops.rotate(session, "x")
    assert len(keys(here)) == 1


@pytest.mark.parametrize(("typed", "number"), [("n\n", 1), ("y\n", 2)])
def test_at_a_terminal_it_says_how_long_it_takes_and_asks(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch, typed: str, number: int
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    asked = town("key", "rotate", *WHY, expect=None).err
    assert asked.startswith("3 tokens are wrapped by a new key: for about 1 seconds nobody else")
    assert "Rotate the key now? [y/N]" in asked
    assert len(keys(here)) == number


def test_a_file_that_does_not_know_its_key_is_not_rotated(town: Voucher, here: Path) -> None:
    towns.by_hand(here, "DELETE FROM identity_key")
    assert "[key_unconfirmed]" in rotate(town, expect=3).err
    town("init")
    rotate(town)


def test_there_is_a_most_of_keys(town: Voucher, here: Path) -> None:
    many = tuple(bytes([n]) * 32 for n in range(1, resident_tokens.MOST_KEYS + 1))
    first = identities.read_keys(here / "voucher.db")
    identities.write_keys(here / "voucher.db", first + many[1:])
    with closing(sqlite3.connect(here / "voucher.db")) as db:
        key_fingerprints.change(db, first + many[1:])
        db.commit()
    assert "[too_many_keys]" in rotate(town, expect=3).err


@posix
def test_a_linked_an_empty_and_an_open_key_are_refused(town: Voucher, here: Path) -> None:
    key = here / "voucher.key"
    content = key.read_bytes()
    key.chmod(0o644)
    assert "[key_exposed]" in rotate(town, expect=3).err
    key.chmod(0o600)
    key.write_bytes(b"")
    assert "[bad_key]" in rotate(town, expect=3).err
    key.unlink()
    assert "[no_key]" in rotate(town, expect=3).err
    (here / "other").write_bytes(content)
    key.symlink_to(here / "other")
    assert "[linked_key]" in rotate(town, expect=3).err
    assert (here / "other").read_bytes() == content


# ---------------------------------------------------------------- backups


def test_a_backup_from_before_comes_back_with_the_keys_of_now(town: Voucher, here: Path) -> None:
    old = town("backup", "-o", "json").data["file"]
    rotate(town)
    new = town("backup", "-o", "json", "--now", OPENS).data["file"]
    town("restore", old)
    assert claims_of(town, ANNA) == ["C1"]
    prove(town)
    rotate(town)  # the same key again
    assert claims_of(town, ANNA) == ["C1"] and len(keys(here)) == 2
    town("restore", new)
    assert claims_of(town, ANNA) == ["C1"]
    prove(town)


def test_a_copy_of_the_keys_grows_with_them(town: Voucher, here: Path) -> None:
    town("backup", "--key-to", "safe")
    shutil.copytree(here, here.with_name("elsewhere"))
    rotate(town)
    new = town("backup", "--key-to", "safe", "-o", "json", "--now", OPENS).data["file"]
    assert (here / "safe/voucher.key").read_bytes() == (here / "voucher.key").read_bytes()
    elsewhere = ("--db", str(here.with_name("elsewhere") / "voucher.db"))
    refused = town("restore", str(here / new), *elsewhere, expect=3)
    assert "[wrong_key]" in refused.err
    town("restore", str(here / new), "--key", "safe/voucher.key", *elsewhere)
    data = town("claim", "list", "--resident", ANNA, "-o", "json", *elsewhere).data
    assert [each["claim_no"] for each in data["claims"]] == ["C1"]
    (here / "safe/voucher.key").write_text("ef" * 32 + "\n")
    assert "[file_exists]" in town("backup", "--key-to", "safe", expect=3).err


# ---------------------------------------------------------------- beside others, and killed


def test_who_opened_the_file_before_the_rotation_writes_nothing_after(
    town: Voucher, here: Path
) -> None:
    asked = {"actor": "mei", "programme": None, "entered_at": 0, "dry_run": False}
    with open_session(
        here / "voucher.db", present=lambda zone: towns.at(OPENS), **asked
    ) as session:
        with writing(session):
            pass
        rotate(town)
        with pytest.raises(Busy, match="rotated"), writing(session):
            raise AssertionError


@pytest.fixture
def many(voucher: Voucher, once: Once, here: Path) -> Path:
    """A town with room for all claims of a file, which lies in the inbox too."""

    def build() -> None:
        towns.build(voucher, towns.programme(funds={"treasury": "9000000.00"}), towns.pack())
        towns.make_round(voucher, "r1", closes="2020-03-28 08:00", state="open", packs=CLAIMS)

    once("rotation beside others", build)
    rows = "".join(f"C{n},r1,139{n:08d},2020-03-27 08:00:{n % 60:02d}\n" for n in range(CLAIMS))
    landed = here / "inbox/shop/claims/claims.csv"
    landed.parent.mkdir(parents=True)
    for path in (here / "claims.csv", landed):
        path.write_text(HEADER + rows)
    os.utime(landed, (0, 0))  # it is whole
    return here


CLAIMS, LINES = 3_000, 5
STATE = "SELECT state FROM batches"


@posix
@pytest.mark.parametrize(
    ("words", "codes"),
    [(("claim", "import", "claims.csv"), (75,)), (("schedule", "tick"), (4, 75))],
    ids=["import", "tick"],
)
@pytest.mark.parametrize("bytes_", [1 << 40, 0], ids=["by rows", "by columns"])
def test_a_rotation_beside_an_import_loses_nobody(
    many: Path, voucher: Voucher, words: tuple[str, ...], codes: tuple[int, ...], bytes_: int
) -> None:
    environ = os.environ | {"VOUCHER_NOW": "2020-03-27 10:00"}
    child = forked(many, *words, environ=environ, lines=LINES, bytes_=bytes_)
    while not towns.ask(many, STATE):  # its first chunk is safe
        assert child.poll() is None
    while forked(many, "key", "rotate", *WHY, environ=environ).wait() == 75:
        pass
    assert child.wait() in codes
    assert towns.ask(many, STATE) == [("importing",)]
    found = towns.ask(many, "SELECT DISTINCT length(resident) FROM claims")
    assert found == [(17,)]
    voucher(*words, "--now", "2020-03-27 10:01")
    assert towns.ask(many, "SELECT count(DISTINCT resident) FROM claims") == [(CLAIMS,)]
    assert towns.ask(many, STATE) == [("done",)]
    prove(voucher)


def rotated_until(step: int) -> bool:
    """`key rotate` in a child that dies at its so many-th step on files or commit; whether it
    did.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _die_at(step)
            from simulation.deeds import run

            code = run("key", "rotate", *WHY).code
        finally:
            os._exit(code)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in (0, -signal.SIGKILL)
    return ended != 0


def _die_at(step: int) -> None:
    seen = iter(range(1, 1 << 30))

    def counted(function: Any) -> Any:
        def call(*given: Any, **more: Any) -> Any:
            if next(seen) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            made = function(*given, **more)
            if next(seen) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return made

        return call

    class Counted(sqlite3.Connection):
        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            if statement in ("COMMIT", *key_rings.WRAP, key_rings.JOIN):
                return counted(super().execute)(statement, *values)
            return super().execute(statement, *values)

    for name in ("open", "fsync", "replace", "unlink"):
        setattr(os, name, counted(getattr(os, name)))
    connect = sqlite3.connect
    sqlite3.connect = lambda *given, **more: connect(*given, **{"factory": Counted, **more})  # type: ignore[assignment]


@posix
def test_a_kill_at_any_step_leaves_keys_and_tokens_that_fit(town: Voucher, here: Path) -> None:
    kept = {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()}
    seen: set[tuple[int, int]] = set()
    step = 1
    while True:
        for path in here.glob("*voucher.*"):
            path.unlink()
        for path in here.glob(".voucher.*"):
            path.unlink()
        for name, content in kept.items():
            (here / name).write_bytes(content)
        (here / "voucher.key").chmod(0o600)
        is_killed = rotated_until(step)
        states = [each["state"] for each in town("key", "show", "-o", "json").data["keys"]]
        seen.add((len(states), states.count("in use")))
        assert claims_of(town, ANNA) == ["C1"]
        prove(town)
        if not is_killed:
            break
        used = states.count("in use")
        rotate(town)
        assert claims_of(town, ANNA) == ["C1"]
        assert len(keys(here)) == used + 1
        step += 1
    assert seen == {(1, 1), (2, 1), (2, 2)}  # before, between, after
    assert step > 10


@posix
@pytest.mark.slow
def test_rotations_killed_at_random_moments_lose_nobody(
    many: Path, voucher: Voucher, start: Any
) -> None:
    voucher("claim", "import", "claims.csv", "--now", "2020-03-27 10:00")
    environ = os.environ | {"VOUCHER_NOW": "2020-03-27 10:00"}
    chance = random.Random(5)
    for _ in range(2):  # the second finds everything in the machine's memory
        begun = time.monotonic()
        assert start(many, "key", "rotate", *WHY, environ=environ).wait() == 0
        length = time.monotonic() - begun
    caught = 0
    for number in range(40):
        child = start(many, "key", "rotate", *WHY, environ=environ)
        with suppress(subprocess.TimeoutExpired):
            child.wait(chance.uniform(0.1, 1.1) * length)
        caught += child.poll() is None
        child.kill()
        child.wait()
        assert claims_of(voucher, f"139{number:08d}") == [f"C{number}"]
        if number % 8 == 0:
            prove(voucher)
    assert caught > 5
    prove(voucher)


def test_a_key_that_is_gone_is_not_shown(town: Voucher, here: Path) -> None:
    (here / "voucher.key").unlink()
    ran = town("key", "show", expect=3)
    assert "[no_key]" in ran.err
