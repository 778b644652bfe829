"""A round opens while the same tick makes a backup or checks the file: real processes, one of them
held in the middle of its work.
"""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import processes
import pytest
import towns
from test_schedule import PACK, PROGRAMME, approve_round

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ran

    Voucher = Callable[..., Ran]

PROCESSES = Path("/proc")
PATIENCE = 120  # seconds
LEAD = 10  # seconds until the opening: by then the tick is at its long work


def until(found: Callable[[], int]) -> int:
    """What is found at last."""
    end = time.monotonic() + PATIENCE
    while not (each := found()) and time.monotonic() < end:
        time.sleep(0.002)
    assert each
    return each


def child(process: int) -> int:
    """The number of a child of a process, or 0."""
    for stat in PROCESSES.glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            if int(stat.read_text().rpartition(")")[2].split()[1]) == process:
                return int(stat.parent.name)
    return 0


def deeds(here: Path) -> list[str]:
    """What the tick has done so far, in order."""
    log = here / "tick.log"
    lines = log.read_text("utf-8").splitlines() if log.exists() else []
    return [json.loads(line)["deed"] for line in lines]


def hold_tick(here: Path) -> Iterator[list[str]]:
    """What a tick had done when its long work was stopped in the middle, and what when the round
    had opened; then all.
    """
    environ = {name: value for name, value in os.environ.items() if name != "VOUCHER_NOW"}
    words = ("schedule", "tick", "--log-file", "tick.log")
    with processes.started(here, *words, environ=environ) as tick:
        worker = until(lambda: child(tick.pid))
        work = until(lambda: child(worker))
        os.kill(work, signal.SIGSTOP)
        try:
            yield deeds(here)
            until(lambda: deeds(here).count("open"))
            yield deeds(here)
        finally:
            os.kill(work, signal.SIGCONT)
            tick.wait(PATIENCE)
    assert tick.returncode == 0
    yield deeds(here)


@pytest.mark.slow
@pytest.mark.skipif(
    not (PROCESSES / "self" / "stat").exists(), reason="only Linux says who forked whom"
)
@pytest.mark.parametrize(("job", "said"), [("backup", []), ("check", ["tick"])])
def test_a_round_opens_while_the_tick_keeps_the_file(
    voucher: Voucher, here: Path, monkeypatch: pytest.MonkeyPatch, job: str, said: list[str]
) -> None:
    monkeypatch.delenv("VOUCHER_NOW")
    towns.build(voucher, PROGRAMME, PACK)
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + LEAD))
    approve_round(voucher, "r1", opens=soon, closes="2099-01-01")
    if job == "backup":
        (here / "backups.yaml").write_text("hour: 0\n")
    else:
        (here / "voucher.db-killed").touch()
    at_first, meanwhile, at_last = hold_tick(here)
    assert (at_first, meanwhile, at_last) == (said, [*said, "open"], [*said, "open", job])
    if job == "backup":
        lines = voucher("audit", "log", "-o", "json").data["lines"]
        assert [line["deed"] for line in lines][:2] == ["backup.make", "round.open"]
