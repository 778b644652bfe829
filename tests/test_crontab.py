"""Cron and systemd: our block between its marks, every other byte as it was; shown, asked for,
taken out again.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchercli.cli.main import main
from vouchercli.errors import VoucherError
from vouchercli.formats.written import crontab
from vouchercli.ops.schedule import install

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

    Voucher = Callable[..., Ran]

OTHERS = b'# mine\nMAILTO=""\r\n\n5 4 * * *\tbackup # \xb1\xb8\xb7\xdd\n'
# A crontab command that keeps its table in a file: what Debian's does, without its spool.
FAKE = """\
#!/bin/sh
table="$(dirname "$0")/table"
case "$1" in
-l) [ -e "$table" ] || { echo "no crontab for somebody" >&2; exit 1; }; cat "$table" ;;
-) cat > "$table" ;;
esac
"""


@pytest.fixture
def table(voucher: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database, and a crontab command whose table is this file (not there: no crontab yet)."""
    voucher("init")
    folder = here / "bin"
    folder.mkdir()
    (folder / "crontab").write_text(FAKE)
    (folder / "crontab").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "table"


def test_the_printed_line_remembers_everything(voucher: Voucher, here: Path) -> None:
    voucher("init")
    ran = voucher(
        "schedule",
        "print",
        "--every",
        "5",
        "--inbox",
        "in 1",
        "--outbox",
        "50%",
        "--actor",
        "chen",
        "--lang",
        "zh",
    )
    begin, _, line, end = ran.out.splitlines()
    assert begin == f"# BEGIN voucher schedule {here}/voucher.db" and end.startswith(
        "# END voucher schedule"
    )
    words = shlex.split(line.partition("* * * * ")[2].replace("\\%", "%"))
    assert line.startswith("*/5 * * * * umask 077 && ")
    words = words[3:]
    assert words[:3] == ["cd", str(here), "&&"]
    assert words[4:] == [
        "schedule",
        "tick",
        "--db",
        f"{here}/voucher.db",
        "--inbox",
        f"{here}/in 1",
        "--outbox",
        f"{here}/50%",
        "--log-file",
        f"{here}/schedule.log",
        "--actor",
        "chen",
        "--lang",
        "zh",
        f">>{here}/schedule.out",
        "2>&1",
    ]
    assert Path(words[3]).is_file()
    assert (
        voucher("schedule", "print", "-o", "json")
        .data["line"]
        .startswith("* * * * * umask 077 && cd")
    )


def test_without_a_database_nothing_is_printed(voucher: Voucher) -> None:
    assert "[no_database]" in voucher("schedule", "print", expect=3).err
    assert "[no_database]" in voucher("schedule", "status", expect=3).err


def test_the_printed_line_runs_as_cron_would_run_it(voucher: Voucher, here: Path) -> None:
    voucher("init")
    line = voucher("schedule", "print").out.splitlines()[2]
    command = line.removeprefix("* * * * * ").replace("\\%", "%")
    ran = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "HOME": "/"},
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, (here / "schedule.out").read_text()) == (0, b"", "")
    assert voucher("schedule", "status", "-o", "json").data["last_tick"]["ticks"] == 1


def test_install_and_remove_leave_every_other_byte(voucher: Voucher, table: Path) -> None:
    table.write_bytes(OTHERS)
    assert "installed: the tick" in voucher("schedule", "install", "--yes").err
    assert table.read_bytes().startswith(OTHERS) and table.read_bytes().count(b"schedule tick") == 1
    table.write_bytes(table.read_bytes() + b"@daily theirs\n")
    assert "already installed like this" in voucher("schedule", "install", "--yes").err
    voucher("schedule", "install", "--every", "5", "--yes")
    assert (
        b"*/5 * * * * umask 077 && cd" in table.read_bytes()
        and table.read_bytes().count(b"schedule tick") == 1
    )
    status = voucher("schedule", "status", "-o", "json").data
    assert status["crontab"].startswith("*/5 * * * * umask 077 && cd")
    voucher("schedule", "remove", "--yes")
    assert table.read_bytes() == OTHERS + b"@daily theirs\n"
    assert (
        "nothing of this program is installed there" in voucher("schedule", "remove", "--yes").err
    )


def test_nobody_asked_and_nothing_said_writes_nothing(voucher: Voucher, table: Path) -> None:
    ran = voucher("schedule", "install", expect=2)
    assert "[not_asked]" in ran.err and "# BEGIN voucher schedule" in ran.err
    assert not table.exists()
    voucher("schedule", "install", "--yes")
    assert "[not_asked]" in voucher("schedule", "remove", expect=2).err
    assert (
        voucher("schedule", "install", "--every", "3", "-o", "json", expect=2).json["problems"][0][
            "code"
        ]
        == "not_asked"
    )
    shown = voucher("schedule", "remove", "--dry-run")
    assert "dry run: nothing was written" in shown.err and table.exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 130)])
def test_on_a_terminal_it_is_shown_and_asked(
    voucher: Voucher,
    table: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    answer: str,
    code: int,
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    table.write_bytes(OTHERS)
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert main(["schedule", "install"]) == code
    told = capfd.readouterr().err
    assert "# BEGIN voucher schedule" in told and "Write this?" in told
    assert (table.read_bytes() == OTHERS) is (code != 0)


def test_without_cron_it_says_what_else_there_is(
    voucher: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher("init")
    monkeypatch.setenv("PATH", str(here))
    ran = voucher("schedule", "install", "--yes", expect=3)
    assert "there is no command crontab" in ran.err and "--systemd" in ran.err
    assert "[no_crontab]" in voucher("schedule", "remove", "--yes", expect=3).err
    assert "not installed" in voucher("schedule", "status").out


def test_a_user_who_may_not_use_cron_is_told_why(voucher: Voucher, table: Path) -> None:
    (table.parent / "crontab").write_text(
        "#!/bin/sh\necho 'you are not allowed to use this program' >&2; exit 1\n"
    )
    assert (
        "you are not allowed to use this program [crontab_failed]"
        in voucher("schedule", "install", "--yes", expect=3).err
    )


def test_half_a_block_is_left_for_a_person(voucher: Voucher, table: Path, here: Path) -> None:
    for broken in (
        f"# BEGIN voucher schedule {here}/voucher.db\n",
        f"# END voucher schedule {here}/voucher.db\n",
    ):
        table.write_text(broken)
        assert "[crontab_damaged]" in voucher("schedule", "install", "--yes", expect=3).err
        assert "[crontab_damaged]" in voucher("schedule", "status", expect=3).err
        assert table.read_text() == broken


def test_a_crontab_changed_while_it_was_shown_stays(
    voucher: Voucher, table: Path, here: Path
) -> None:
    plan = install.Plan(str(here / "voucher.db"), 1, str(here), ("true",), "out")
    change = install.plan_change(plan, systemd=False)
    table.write_bytes(OTHERS)
    with pytest.raises(VoucherError) as refused:
        install.apply(change, dry_run=False)
    assert (refused.value.code, table.read_bytes()) == ("crontab_changed", OTHERS)


def test_a_folder_that_no_crontab_can_name_is_refused(
    voucher: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = here / "two\nlines"
    odd.mkdir()
    monkeypatch.chdir(odd)
    voucher("init")
    assert "[unprintable_path]" in voucher("schedule", "print", expect=2).err


@given(
    before=st.binary(max_size=60).filter(lambda text: b"voucher schedule" not in text),
    name=st.sampled_from(["/a/b.db", "/a/b.db2"]),
)
def test_put_and_taken_out_again_nothing_has_changed(before: bytes, name: str) -> None:
    other = crontab.put(before, "/a/b.db3", "x")
    both = crontab.put(other, name, "0 0 * * * one")
    assert crontab.find_line(both, name) == "0 0 * * * one"
    assert crontab.find_line(crontab.put(both, name, "two"), name) == "two"
    assert crontab.without(both, name) == other
    ended = before if before.endswith(b"\n") or not before else before + b"\n"
    assert crontab.without(other, "/a/b.db3") == ended


# ---------------------------------------------------------------- systemd


def test_units_are_written_where_systemd_looks_and_taken_out(
    voucher: Voucher,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    table: Path,
) -> None:
    units = here / "units"
    monkeypatch.setattr(install, "_unit_folder", lambda: units)
    (here / "bin/systemctl").write_text(f'#!/bin/sh\necho "$@" >> {here}/told\n')
    (here / "bin/systemctl").chmod(0o755)
    assert table.exists() is False
    assert "[not_asked]" in voucher("schedule", "install", "--systemd", expect=2).err
    voucher("schedule", "install", "--systemd", "--every", "5", "--yes")
    (timer,) = units.glob("voucher-voucher-*.timer")
    assert "OnCalendar=*:0/5" in timer.read_text() and "Persistent=true" in timer.read_text()
    assert f"enable --now {timer.name}" in (here / "told").read_text()
    assert voucher("schedule", "status", "-o", "json").data["units"] == [
        str(timer.with_suffix(".service")),
        str(timer),
    ]
    voucher("schedule", "remove", "--systemd", "--yes")
    assert (
        list(units.iterdir()) == [] and f"disable --now {timer.name}" in (here / "told").read_text()
    )


def test_where_systemd_does_not_answer_the_units_stay_and_it_says_what_to_run(
    voucher: Voucher,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    table: Path,
) -> None:
    monkeypatch.setattr(install, "_unit_folder", lambda: here / "units")
    (here / "bin/systemctl").write_text("#!/bin/sh\necho 'no bus' >&2; exit 1\n")
    (here / "bin/systemctl").chmod(0o755)
    ran = voucher("schedule", "install", "--systemd", "--yes", expect=4)
    assert (
        "systemd could not be informed: no bus [systemd_silent]" in ran.err
        and "daemon-reload" in ran.err
    )
    assert len(list((here / "units").iterdir())) == 2
    assert not table.exists()


def test_a_unit_of_somebody_else_is_left(
    voucher: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher("init")
    monkeypatch.setattr(install, "_unit_folder", lambda: here)
    plan = install.Plan(str(here / "voucher.db"), 1, str(here), ("true",), "out")
    (here / f"{plan.unit}.timer").write_text("[Timer]\n")
    assert "[foreign_unit]" in voucher("schedule", "install", "--systemd", "--yes", expect=3).err
    assert "[foreign_unit]" in voucher("schedule", "remove", "--systemd", "--yes", expect=3).err


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_finds_no_fault_in_the_units(here: Path) -> None:
    odd = here / 'a "b" 50% $c'
    odd.mkdir()
    plan = install.Plan(
        str(odd / "voucher.db"),
        5,
        str(odd),
        (sys.executable, "-c", "print('%s' % 1)", str(odd)),
        str(odd / "out"),
    )
    for name, text in plan.units.items():
        (here / name).write_text(text)
    ran = subprocess.run(
        [
            "systemd-analyze",
            "verify",
            "--man=no",
            str(here / f"{plan.unit}.timer"),
            str(here / f"{plan.unit}.service"),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{here}:"},
    )
    assert plan.unit not in ran.stderr, ran.stderr
