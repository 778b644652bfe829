"""A crontab with a block of ours in it, between two marks; every other byte stays as it is."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from vouchercli.errors import VoucherError

if TYPE_CHECKING:
    from collections.abc import Sequence

BEGIN = "# BEGIN voucher schedule {name}"
END = "# END voucher schedule {name}"


def block(name: str, line: str) -> bytes:
    """The block of one database: marks and line."""
    return "\n".join(
        (
            BEGIN.format(name=name),
            "# written by `voucher schedule install`; taken out by `voucher schedule remove`",
            line,
            END.format(name=name),
            "",
        )
    ).encode()


def without(text: bytes, name: str) -> bytes:
    """The crontab without our block; every other byte stays. Raises `VoucherError` crontab_damaged:
    a mark without the other.
    """
    before, _, after = _split(text, name)
    return before + after


def put(text: bytes, name: str, line: str) -> bytes:
    """The crontab with our block, in its old place or at the end."""
    before, ours, after = _split(text, name)
    is_cut_off = not ours and text and not text.endswith(b"\n")
    return before + (b"\n" if is_cut_off else b"") + block(name, line) + after


def find_line(text: bytes, name: str) -> str | None:
    """The line of our block, or None."""
    _, ours, _ = _split(text, name)
    lines = [
        line
        for line in ours.decode("utf-8", "replace").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    return None if not ours else lines[0] if lines else ""


def _split(text: bytes, name: str) -> tuple[bytes, bytes, bytes]:
    """What stands before our block, our block, and what stands behind it; no block: all stands
    before.
    """
    lines = text.splitlines(keepends=True)
    marks = [
        (place, mark)
        for place, line in enumerate(lines)
        for mark in (BEGIN, END)
        if line.rstrip(b"\r\n") == mark.format(name=name).encode()
    ]
    if not marks:
        return text, b"", b""
    if [mark for _, mark in marks] != [BEGIN, END]:
        raise VoucherError(
            "crontab_damaged",
            "the start and end marks of the block {name} in the crontab do not match: it is"
            " unclear which lines are this program's",
            hint="correct it with crontab -e, then run the command again",
            name=name,
        )
    first, last = marks[0][0], marks[1][0] + 1
    return b"".join(lines[:first]), b"".join(lines[first:last]), b"".join(lines[last:])


def entry(minutes: int, folder: str, args: Sequence[str], output: str) -> str:
    """The line for cron: every so many minutes, in `folder`, what it prints at the end of `output`;
    cron ends a line at a %.
    """
    when = "*" if minutes == 1 else f"*/{minutes}"
    place = f"umask 077 && cd {shlex.quote(folder)}"  # nobody else reads what the tick says
    command = f"{place} && {shlex.join(args)} >>{shlex.quote(output)} 2>&1"
    return f"{when} * * * * " + command.replace("%", "\\%")


# ---------------------------------------------------------------- systemd

SERVICE = """\
# written by `voucher schedule install --systemd`; taken out by `voucher schedule remove --systemd`
[Unit]
Description=voucher schedule {name}

[Service]
Type=oneshot
WorkingDirectory={folder}
UMask=0077
ExecStart={command}
StandardOutput=append:{output}
StandardError=append:{output}
SuccessExitStatus=4 75
"""
TIMER = """\
# written by `voucher schedule install --systemd`; taken out by `voucher schedule remove --systemd`
[Unit]
Description=voucher schedule {name}, every {minutes} min

[Timer]
OnCalendar=*:0/{minutes}
AccuracySec=1s
Persistent=true

[Install]
WantedBy=timers.target
"""


def units(
    name: str, minutes: int, folder: str, args: Sequence[str], output: str
) -> tuple[str, str]:
    """The texts of the service and the timer; systemd reads %, $ and quotes in its own way."""
    command = " ".join(f'"{_escape(each)}"'.replace("$", "$$") for each in args)
    return (
        SERVICE.format(
            name=name.replace("%", "%%"),
            folder=folder.replace("%", "%%"),
            command=command,
            output=output.replace("%", "%%"),
        ),
        TIMER.format(name=name.replace("%", "%%"), minutes=minutes),
    )


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
