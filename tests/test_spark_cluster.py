"""A real cluster of Spark says what the local engine says, also when it loses a worker; what is
wrong with it is said in words, in time.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cluster
import provinces
import pytest
from cluster import Cluster
from processes import PIPE

pytest.importorskip("polars")
pytestmark = pytest.mark.slow
SPARK = cluster.packages()
REPORTS = (
    "leverage --by round,coupon --funders",
    "leverage --by county,section",
    "leverage --by merchant --limit 2",
    "leverage --by merchant --sort gross --top 3",
    "rounds",
    "funds",
    "merchants",
    "fairness",
    "compare 330100 360100 420100",
)
IN_TIME = 60  # seconds for a refusal
WHOLE = 400  # seconds for all reports on a machine that has much else to do
# Java compiles less: it saves more than half of what reports of so few rows take.
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
SETTINGS = "spark.scheduler.minRegisteredResourcesRatio 1.0\n"  # both workers take part


@pytest.fixture(scope="module")
def of_spark(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A cluster, and the environment of who asks it."""
    if SPARK is None or shutil.which("java") is None:
        pytest.skip("PySpark or Java could not be had: make test-slow, openjdk-17-jre-headless")
    folder = tmp_path_factory.mktemp("spark")
    secret = folder / "secret"
    secret.write_text(cluster.SECRET + "\n", "utf-8")
    secret.chmod(0o600)
    folder.joinpath("spark-defaults.conf").write_text(SETTINGS, "utf-8")
    environ = {name: value for name, value in os.environ.items() if name != "VOUCHER_NOW"} | {
        "PYTHONPATH": str(SPARK.parent),
        "SPARK_CONF_DIR": str(folder),
        "JAVA_TOOL_OPTIONS": JAVA,
        "VOUCHER_SPARK_SECRET_FILE": str(secret),
        "VOUCHER_SPARK_MEMORY": "512m",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", JAVA)
        with cluster.started(folder, SPARK) as started:
            yield started, environ


@pytest.fixture
def lake(voucher: Any, once: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    once("unlike cities", lambda: provinces.build(voucher))
    monkeypatch.setenv("VOUCHER_NOW", "2020-07-01 09:00")
    return voucher


def local(voucher: Any, words: str) -> Any:
    return figures(voucher("report", *words.split(), "--lake", "lake", "-o", "json").data)


def figures(data: dict[str, Any]) -> dict[str, Any]:
    """What a report says, but by whom and when."""
    return {key: each for key, each in data.items() if key not in ("engine", "known_at")}


def asked(environ: dict[str, str], *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command], env=environ, stdout=PIPE, stderr=PIPE, text=True
    )


def report(environ: dict[str, str], master: str, words: str) -> subprocess.Popen[str]:
    of = ("--lake", "lake", "--engine", master, "-o", "json")
    return asked(environ, "-m", "vouchercli", "report", *words.split(), *of)


def refusal(environ: dict[str, str], master: str) -> dict[str, Any]:
    """How a report is refused, in time and without a traceback."""
    begun = time.monotonic()
    out, err = report(environ, master, "rounds").communicate(timeout=WHOLE)
    assert time.monotonic() - begun < IN_TIME
    assert "Traceback" not in out + err
    answer = json.loads(out)
    assert answer["status"] == "refused"
    return dict(answer["problems"][0])


def test_every_report_is_that_of_the_local_engine(
    of_spark: tuple[Cluster, dict[str, str]], lake: Any
) -> None:
    started, environ = of_spark
    script = str(Path(__file__).with_name("spark_session.py"))
    said = asked(environ, script, started.url, "lake", *REPORTS)
    out, err = said.communicate(timeout=WHOLE)
    assert said.returncode == 0, err
    found = [figures(json.loads(line)["data"]) for line in out.splitlines()]
    for words, answer in zip(REPORTS, found, strict=True):
        assert answer == local(lake, words), words


def test_a_worker_dies_in_the_middle_and_no_fen_is_lost(
    of_spark: tuple[Cluster, dict[str, str]], lake: Any
) -> None:
    """It has worked for the report, and what it had ready for others is lost with it."""
    started, environ = of_spark
    words = "leverage --by round,coupon"
    said = report(environ, started.url, words)
    cluster.until(lambda: started.done_by_first() >= 3 or said.poll() is not None)
    assert said.poll() is None, said.communicate()
    started.kill_a_worker()
    out, err = said.communicate(timeout=WHOLE)
    assert said.returncode == 0, err
    assert "lost worker" in started.log.read_text("utf-8")
    assert figures(json.loads(out)["data"]) == local(lake, words)


def test_what_is_wrong_is_said_in_time(
    of_spark: tuple[Cluster, dict[str, str]], lake: Any, tmp_path: Path
) -> None:
    started, environ = of_spark
    secret = tmp_path / "wrong"
    secret.write_text("another secret\n", "utf-8")
    secret.chmod(0o600)
    wrong = environ | {"VOUCHER_SPARK_SECRET_FILE": str(secret)}
    assert refusal(wrong, started.url)["code"] == "spark_secret"
    none = {name: each for name, each in environ.items() if name != "VOUCHER_SPARK_SECRET_FILE"}
    assert refusal(none, started.url)["code"] == "spark_secret"
    greedy = environ | {"VOUCHER_SPARK_MEMORY": "2g", "VOUCHER_SPARK_PATIENCE": "5"}
    found = refusal(greedy, started.url)
    assert found["code"] == "spark_no_workers"
    assert "VOUCHER_SPARK_MEMORY=512m" in found["hint"]
    nobody = started.url.rpartition(":")[0] + ":1"
    assert refusal(environ, nobody)["code"] == "spark_unreachable"
