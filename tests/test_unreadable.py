"""An inbox that the clock's login may not read: a clear error, nothing lost, and all else is done.
Run as root, the tick is `nobody`'s.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_schedule import approve_round, land, town
from towns import CLAIMS, OPENS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ran

    Voucher = Callable[..., Ran]

__all__ = ["town"]  # the fixture
NOBODY = 65534
CHANGE = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
IS_ROOT = os.geteuid() == 0
LATER = "2020-03-27 09:00"


def _reason_to_skip() -> str:
    """Why another login cannot be played here; '' when it can."""
    if not IS_ROOT:
        return ""
    if not shutil.which(CHANGE[0]):
        return "root may read everything, and there is no setpriv"
    done = subprocess.run([*CHANGE, sys.executable, "-c", ""], check=False, capture_output=True)
    if done.returncode:
        return "another login may not run this Python: it lies in a closed folder"
    return ""


SKIPPED_FOR = _reason_to_skip()
pytestmark = pytest.mark.skipif(bool(SKIPPED_FOR), reason=SKIPPED_FOR)


@pytest.fixture
def clock(town: Voucher, here: Path) -> Iterator[Path]:
    """A folder of nobody's own with a round that is due and two platforms' files."""
    approve_round(town, "r1")
    land(here, "wechat/claims/a.csv", CLAIMS + "C1,r1,one,2020-03-27 08:00:00\n")
    land(here, "alipay/claims/b.csv", CLAIMS + "C2,r1,two,2020-03-27 08:00:00\n")
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(here, folder, dirs_exist_ok=True)
    if IS_ROOT:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    folder.chmod(0o700)
    yield folder
    subprocess.run(["chmod", "-R", "u+rwX", str(folder)], check=True)
    shutil.rmtree(folder)


def tick(folder: Path, now: str, expect: int) -> Any:
    """What a tick of a login that is not root says."""
    program = [sys.executable, "-c", "from vouchercli.cli.main import run; run()"]
    words = [*program, "schedule", "tick", "--now", now, "-o", "json", "--lang", "en"]
    ran = subprocess.run(
        [*(CHANGE if IS_ROOT else ()), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == expect, ran.stdout + ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize(
    "mode", [0, *(pytest.param(mode, marks=pytest.mark.slow) for mode in (0o400, 0o100))]
)
@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("wechat/claims/a.csv", "unreadable_file"),
        pytest.param("wechat/claims", "unreadable_inbox", marks=pytest.mark.slow),
        pytest.param("wechat", "unreadable_inbox", marks=pytest.mark.slow),
        ("", "unreadable_inbox"),
    ],
)
def test_what_may_not_be_read_is_told_and_taken_in_when_it_may(
    clock: Path, place: str, told: str, mode: int
) -> None:
    if told == "unreadable_file" and mode == 0o400:
        pytest.skip("a file that may be read")
    closed = clock / "inbox" / place
    was = closed.stat().st_mode
    closed.chmod(mode)
    answer = tick(clock, OPENS, 4)
    done = [(each["deed"], each["subject"], each["result"]) for each in answer["data"]["deeds"]]
    others = [("import", "alipay/claims/b.csv", "done")] if place else []
    assert done[0] == ("open", "r1", "done")
    assert [each for each in done if each[2] == "done"][1:] == others
    assert [(each["code"], bool(each["hint"])) for each in answer["problems"]] == [(told, True)]
    closed.chmod(was)
    assert (clock / "inbox/wechat/claims/a.csv").exists()
    files = ["wechat/claims/a.csv"] if place else ["alipay/claims/b.csv", "wechat/claims/a.csv"]
    taken = [(each["subject"], each["result"]) for each in tick(clock, LATER, 0)["data"]["deeds"]]
    assert sorted(taken) == [(name, "done") for name in files]
