"""Rejects that are exported encrypted: only the recipients read them, and no plain row ever lies
where the export goes.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from vouchercli.formats.written.age import Envelope

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran

    Voucher = Callable[..., Ran]

EXPORT = ("batch", "rejects", "3", "--to")
HEADER = "claim_no,round,resident,claimed_at\n"
GONE = 2**22 + 1  # no process has this number


@pytest.fixture
def town(city: Callable[..., Voucher], here: Path) -> Voucher:
    """The small town; batch 3 has a reject."""
    voucher = city()
    (here / "more.csv").write_text(f"{HEADER}C9,r9,330102199001010047,2020-03-27 08:00:04\n")
    voucher("claim", "import", "more.csv", expect=4)
    return voucher


def opened(here: Path, file: str, number: int) -> str:
    """What the file says to whoever has that secret key."""
    age = pytest.importorskip("pyrage")
    secret = (here / f"{number}.key").read_text().splitlines()[1]
    keys = [age.x25519.Identity.from_str(secret)]
    return str(age.decrypt((here / file).read_bytes(), keys).decode("utf-8-sig"))


def test_either_of_two_people_reads_an_encrypted_export(
    town: Voucher, here: Path, keys: list[str]
) -> None:
    town(*EXPORT, "plain.csv")
    words = [word for each in keys for word in ("--recipient", each)]
    said = town(*EXPORT, "mend.csv", *words).err
    assert "wrote 1 rows to mend.csv.age, encrypted; to read it: age -d -i KEY mend.csv.age" in said
    assert (here / "mend.csv.age").stat().st_mode & 0o777 == 0o600
    plain = (here / "plain.csv").read_bytes().decode("utf-8-sig")
    assert plain.startswith("claim_no,")
    for number in (0, 1):
        assert opened(here, "mend.csv.age", number) == plain
    assert not (here / "mend.csv").exists()
    assert [*here.glob(".*")] == []
    named = town(*EXPORT, "b.csv.age", *words, "--lang", "zh", "-o", "json").data
    assert (named["file"], named["rejects"]) == ("b.csv.age", 1)
    mended = opened(here, "b.csv.age", 0).replace("r9", "r1")
    (here / "mended.csv").write_text(mended)
    town("claim", "import", "mended.csv")


def test_plain_rows_lie_beside_the_database_alone_and_go(here: Path, keys: list[str]) -> None:
    for name in ("city", "out"):
        (here / name).mkdir()
    left = here / "city" / f".voucher-export.{GONE}.part"
    left.touch()  # by an export that was killed
    envelope = Envelope((keys[0],), here / "city" / "voucher.db")
    with envelope.new_file(here / "out" / "a.age") as draft:
        assert draft.parent == here / "city"
        draft.write_text("rows")
        assert [*(here / "out").iterdir()] == []
    assert opened(here, "out/a.age", 0) == "rows"
    with pytest.raises(KeyboardInterrupt), envelope.new_file(here / "out" / "b.age") as draft:
        draft.write_text("rows")
        raise KeyboardInterrupt
    assert [path.name for path in (here / "out").iterdir()] == ["a.age"]
    assert [*(here / "city").iterdir()] == []


def test_a_link_where_the_export_is_written_is_not_followed(here: Path, keys: list[str]) -> None:
    (here / f".a.age.{os.getpid()}.part").symlink_to("victim")
    with Envelope((keys[0],), here / "voucher.db").new_file(here / "a.age") as draft:
        draft.write_text("rows")
    assert not (here / "victim").exists()
    assert not (here / "a.age").is_symlink()
    assert opened(here, "a.age", 0) == "rows"


def test_what_cannot_be_encrypted_is_refused_and_nothing_is_written(
    town: Voucher, here: Path, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    to = ("--recipient", keys[0])
    (here / "there.csv.age").touch()
    refusals = {
        (*EXPORT, "a.csv", "--recipient", "age1x"): ("bad_recipient", 3),
        (*EXPORT, "a.csv", *to, "--recipient", "ssh-rsa AAAA"): ("bad_recipient", 3),
        (*EXPORT, "there.csv", *to): ("file_exists", 3),
        (*EXPORT, "nowhere/a.csv", *to): ("unwritable_file", 3),
        (*EXPORT, "-", *to): ("nothing_to_encrypt", 2),
        (*EXPORT, "a.csv", *to, "--closed"): ("nothing_to_encrypt", 2),
        ("batch", "rejects", "3", "-o", "csv", *to): ("nothing_to_encrypt", 2),
        ("batch", "rejects", "--all-batches", *to): ("nothing_to_encrypt", 2),
    }
    before = {path.name for path in here.iterdir()}
    for words, (code, status) in refusals.items():
        refused = town(*words, expect=status)
        assert (f"[{code}]" in refused.err, "C9" in refused.out) == (True, False), refused.err
    monkeypatch.setitem(sys.modules, "pyrage", None)
    monkeypatch.setenv("PATH", str(here))
    refused = town(*EXPORT, "a.csv", *to, expect=3)
    assert "[no_age]" in refused.err and "pip install pyrage" in refused.err
    assert {path.name for path in here.iterdir()} == before
