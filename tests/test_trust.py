"""What others can reach is not trusted: links and strange names in the inbox, a key that is a link,
codes that lead elsewhere, texts that steer a terminal or a spreadsheet.
"""

from __future__ import annotations

import io
import json
import os
import random
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_schedule import approve_round, land, tick, town
from towns import CLAIMS, OPENS, ask

from vouchercli.cli.cleaning import clean, clean_line
from vouchercli.documents import CODE
from vouchercli.formats.written import folders, trust
from vouchercli.formats.written.formulas import disarm
from vouchercli.ops.intake import by_columns
from vouchercli.store import identities

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

    Voucher = Callable[..., Ran]

__all__ = ["town"]  # the fixture
ROW = "C1,r1,330102199001010012,2020-03-27 08:00:01\n"
NOBODY = 65534
posix = pytest.mark.skipif(os.name != "posix", reason="links and owners as POSIX has them")
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs chown")


# ---------------------------------------------------------------- the inbox


@posix
@pytest.mark.parametrize("name", ["done", "failed"])
def test_nothing_is_put_away_through_a_link(town: Voucher, here: Path, name: str) -> None:
    approve_round(town, "r1")
    elsewhere = here / "elsewhere"
    elsewhere.mkdir()
    file = land(here, "wechat/claims/evil", "* * * * * touch /tmp/x\n")
    good = land(here, "alipay/claims/a.csv", CLAIMS + ROW)
    (file.parent / name).symlink_to(elsewhere)
    ran = town("schedule", "tick", "--now", OPENS, expect=4)
    assert f"wechat/claims/{name} is not used: it is a link [untrusted_folder]" in ran.err
    assert [*elsewhere.iterdir()] == [] and file.exists()
    assert not good.exists()  # another platform's file is taken in
    (file.parent / name).unlink()
    tick(town, "2020-03-27 08:01", expect=4)
    assert (file.parent / "failed/evil").exists()


@posix
@pytest.mark.parametrize("place", ["inbox", "inbox/wechat", "inbox/wechat/claims"])
def test_no_folder_of_the_inbox_is_a_link(town: Voucher, here: Path, place: str) -> None:
    land(here, "wechat/claims/a.csv", CLAIMS + ROW)
    real = here / "real"
    (here / place).rename(real)
    (here / place).symlink_to(real)
    ran = town("schedule", "tick", "--now", OPENS, expect=4)
    assert f"{place} is not used: it is a link [untrusted_folder]" in ran.err
    assert ask(here, "SELECT count(*) FROM batches WHERE kind = 'claims'") == [(0,)]


@posix
def test_a_link_is_not_read_and_is_said_once(town: Voucher, here: Path) -> None:
    secret = here / "secret.txt"
    secret.write_text("root:$6$hash:19000\n")
    link = land(here, "wechat/claims/other.csv", "").with_name("a.csv")
    link.with_name("other.csv").unlink()
    link.symlink_to(secret)
    os.mkfifo(link.with_name("pipe.csv"))
    ran = town("schedule", "tick", "--now", OPENS)
    assert "wechat/claims/a.csv is not imported: it is a link [untrusted_file]" in ran.err
    assert "pipe.csv is not imported: it is not an ordinary file [untrusted_file]" in ran.err
    assert "hash" not in ran.err and not (link.parent / "failed").exists()
    assert tick(town, OPENS) == []


@posix
def test_a_name_in_gbk_is_said_and_stops_nobody(town: Voucher, here: Path) -> None:
    approve_round(town, "r1")
    good = land(here, "wechat/claims/a.csv", CLAIMS + ROW)
    name = os.fsdecode("领取.csv".encode("gbk"))
    good.with_name(name).write_text(CLAIMS + ROW)
    (here / "inbox" / name).write_text("x")
    ran = town("schedule", "tick", "--now", OPENS, expect=None)
    assert r"\xc1\xecȡ.csv is not imported: its name is not UTF-8" in ran.err
    assert "[stray_file]" in ran.err
    assert not good.exists() and good.with_name(name).exists()
    assert tick(town, OPENS) == []


@posix
def test_a_draft_never_follows_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    file = tmp_path / "b.csv"
    file.write_text("x")
    (tmp_path / "failed").mkdir()
    (tmp_path / "failed/.b.csv.json.part").symlink_to(victim)
    (tmp_path / "failed/b.csv").symlink_to(tmp_path / "nowhere")
    target = folders.put_away(file, "failed", {"a": 1})
    assert victim.read_text() == "mine" and target.name == "b-2.csv"
    assert json.loads(target.with_name("b-2.csv.json").read_text()) == {"a": 1}


@as_root
def test_another_users_folder_or_second_name_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "done"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    assert trust.folder_fault(folder, is_ours=True) == "it belongs to another user"
    assert trust.folder_fault(folder, is_ours=False) is None
    (tmp_path / "secret").write_text("x")
    os.link(tmp_path / "secret", folder / "a.csv")
    assert trust.file_fault(folder / "a.csv") == "it is a second name of another user's file"
    (tmp_path / "secret").unlink()
    assert trust.file_fault(folder / "a.csv") is None


@posix
def test_an_order_is_not_written_through_a_link(town: Voucher, here: Path) -> None:
    elsewhere = here / "elsewhere"
    elsewhere.mkdir()
    (here / "outbox").symlink_to(elsewhere)
    approve_round(town, "p1", "--platform", "wechat")
    ran = town("schedule", "tick", "--now", OPENS, expect=4)
    assert "outbox is not used: it is a link [untrusted_folder]" in ran.err
    assert [*elsewhere.iterdir()] == []


# ---------------------------------------------------------------- the key


@posix
@pytest.mark.parametrize("target", ["nowhere", "other.key"])
def test_a_key_that_is_a_link_is_refused(voucher: Voucher, here: Path, target: str) -> None:
    (here / "other.key").write_text("0" * 64 + "\n")
    (here / "other.key").chmod(0o600)
    (here / "voucher.key").symlink_to(here / target)
    assert "voucher.key is a link [linked_key]" in voucher("init", expect=3).err
    assert not (here / "nowhere").exists()


@posix
def test_an_empty_key_that_others_can_read_is_made_anew(voucher: Voucher, here: Path) -> None:
    (here / "voucher.key").touch(0o644)
    voucher("init")
    assert stat.S_IMODE((here / "voucher.key").stat().st_mode) == 0o600
    assert [*map(len, identities.read_keys(here / "voucher.db"))] == [32]


def test_an_identity_on_the_command_line_is_warned_of(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    approve_round(town, "r1")
    tick(town, OPENS)
    words = ("claim", "grant", "r1", "330102199001010012", "--application", "N1", "--now", OPENS)
    assert "[resident_in_arguments]" in town(*words).err
    monkeypatch.setattr(sys, "stdin", io.StringIO("330102199001010012\n"))
    again = town("claim", "grant", "r1", "-", "--application", "N1", "--now", OPENS)
    assert again.err == "r1-00000001 was granted before; nothing was changed\n"


# ---------------------------------------------------------------- screens and spreadsheets


HOSTILE = "M\x1b]0;pwn\x07\x1b[2J9\u202e\r\nerror: all is lost"


def test_data_and_names_do_not_steer_a_terminal(voucher: Voucher, here: Path) -> None:
    ran = voucher("claim", "import", f"{HOSTILE}.csv", expect=None)
    assert "\x1b" not in ran.err and "\u202e" not in ran.err
    assert len(ran.err.splitlines()) == 2
    assert clean_line("a\nb") == "a�b" and clean("a\nb\x9b\u2066") == "a\nb��"


@pytest.mark.parametrize("text", ["＝1+1", "＋1", "－1", "＠x", "\n=1", "\t=1", "=1", "@SUM"])
def test_what_a_spreadsheet_would_run_is_disarmed(text: str) -> None:
    assert disarm(text) == "'" + text


@pytest.mark.parametrize("code", ["..", ".", ".x", "-x", "=x", "a\x1bb", "a\u202eb", "a/b", ""])
def test_a_code_that_leads_elsewhere_is_none(code: str) -> None:
    assert not CODE.fullmatch(code)


@pytest.mark.parametrize("code", ["A", "hz-1", "a.b", "西湖", "x_1"])
def test_other_codes_stay(code: str) -> None:
    assert CODE.fullmatch(code)


@pytest.mark.parametrize("is_large", [False, True])
def test_an_application_number_that_begins_a_formula_is_rejected(
    town: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch, is_large: Any
) -> None:
    if is_large:
        monkeypatch.setattr(by_columns, "BYTES", 0)
    approve_round(town, "r1")
    rows = [f"{number},r1,R{at},2020-03-27 08:00:01\n" for at, number in enumerate(NUMBERS)]
    (here / "a.csv").write_text("application_no,round,resident,applied_at\n" + "".join(rows))
    words = ("application", "import", "a.csv", "--now", "2020-03-27 09:00", "-o", "json")
    data = town(*words, expect=4).data
    assert (data["accepted"], data["rejected"]) == (1, 5)
    shown = town("batch", "rejects", str(data["batch"]), "-o", "json").out
    assert shown.count("cannot begin with = + - or @") == 5


NUMBERS = ("A1", "+1", "-2", "@SUM", "＝1", '"=HYPERLINK(""x"")"')


@posix
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_whatever_lies_in_the_inbox_the_clock_goes_on(town: Voucher, here: Path, seed: int) -> None:
    """Hostile entries by chance: nothing leaves the inbox, no traceback, the good file comes in."""
    chance = random.Random(seed)
    approve_round(town, "r1")
    victim = here / "victim"
    victim.write_text("mine")
    folder = land(here, "wechat/claims/good.csv", CLAIMS + ROW).parent
    for at in range(12):
        letters = "".join(chance.choices("a\x1b\n\u202e\udcff＝'{}%", k=4))
        place = chance.choice([folder, folder.parent, here / "inbox"]) / f"{at}{letters}.csv"
        chance.choice(
            [
                lambda path: path.symlink_to(victim),
                os.mkfifo,
                Path.mkdir,
                lambda path: path.write_text("what,ever\n1,2\n"),
                lambda path: path.symlink_to(here / "nowhere"),
            ]
        )(place)
        if place.is_file() and not place.is_symlink():
            os.utime(place, (1, 1))
    ran = town("schedule", "tick", "--now", OPENS, expect=None)
    assert ran.code in (0, 4) and "\x1b" not in ran.err and "\u202e" not in ran.err
    assert victim.read_text() == "mine" and not (here / "nowhere").exists()
    assert (folder / "done/good.csv").exists()
