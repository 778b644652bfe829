"""Debian's cron itself runs the installed line: the round opens at the minute, and nobody pressed a
key.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
import towns
from test_schedule import PACK, PROGRAMME, approve_round

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Ran

    Voucher = Callable[..., Ran]

PATIENCE = 150  # seconds: cron wakes once a minute


def missing() -> str:
    """Why no cron can be run here, or ''."""
    if os.geteuid() != 0:
        return "only root may start the cron daemon"
    absent = [
        name
        for name in ("cron", "crontab")
        if not shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    ]
    return (
        f"Debian's {' and '.join(absent)} is not installed (apt-get install cron)" if absent else ""
    )


@pytest.fixture
def daemon() -> Iterator[None]:
    """A cron daemon of our own, and this user's crontab as it was when the test is over."""
    before = subprocess.run(["crontab", "-l"], capture_output=True, check=False)
    child = subprocess.Popen(
        ["/usr/sbin/cron", "-f"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        child.terminate()
        child.wait()
        if before.returncode == 0:
            subprocess.run(["crontab", "-"], input=before.stdout, check=True)
        else:
            subprocess.run(["crontab", "-r"], capture_output=True, check=False)


@pytest.mark.slow
@pytest.mark.skipif(bool(missing()), reason=missing() or "cron is there")
def test_cron_opens_a_round_by_itself(
    voucher: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch, daemon: None
) -> None:
    monkeypatch.delenv("VOUCHER_NOW")
    monkeypatch.setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    towns.build(voucher, PROGRAMME, PACK)
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    approve_round(voucher, "r1", opens=soon, closes="2099-01-01")
    others = b"# somebody else's\n17 3 * * 1 true\n"
    subprocess.run(["crontab", "-"], input=others, check=True)
    voucher("schedule", "install", "--yes")
    until = time.monotonic() + PATIENCE
    while (
        time.monotonic() < until
        and voucher("round", "show", "r1", "-o", "json").data["state"] != "open"
    ):
        time.sleep(2)
    assert voucher("round", "show", "r1", "-o", "json").data["state"] == "open", (
        here / "schedule.out"
    ).read_text()
    assert '"deed": "open"' in (here / "schedule.log").read_text("utf-8")
    voucher("schedule", "remove", "--yes")
    assert subprocess.run(["crontab", "-l"], capture_output=True, check=True).stdout == others
