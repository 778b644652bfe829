"""Of a report by Spark nothing is left where programs put things aside, however it ends."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import cluster
import lakes
import pytest
from cluster import until
from test_spark_cluster import JAVA, SPARK, WHOLE, report

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("polars")
pytestmark = pytest.mark.slow
MASTER = "local[1]"


@pytest.fixture
def temp(voucher: Any, tmp_path: Path) -> Path:
    """A lake of a synthetic town, and a folder for what is put aside, which has a blank in its
    name.
    """
    if SPARK is None or shutil.which("java") is None:
        pytest.skip("PySpark or Java could not be had: make test-slow, openjdk-17-jre-headless")
    lakes.build(voucher)
    lakes.export(voucher)
    folder = tmp_path / "put aside"
    folder.mkdir()
    return folder


def environ(temp: Path) -> dict[str, str]:
    of_spark = {
        "PYTHONPATH": str(cluster.packages().parent),  # type: ignore[union-attr] # see `temp`
        "JAVA_TOOL_OPTIONS": JAVA,
        "VOUCHER_SPARK_MEMORY": "512m",
        "TMPDIR": str(temp),
    }
    return {name: value for name, value in os.environ.items() if name != "VOUCHER_NOW"} | of_spark


def test_a_report_leaves_nothing(temp: Path) -> None:
    said = report(environ(temp), MASTER, "leverage")
    seen = until(lambda: [*temp.glob("voucher-spark-*/*")] or said.poll() is not None)
    assert seen is not True  # what Java puts aside lies in the one folder
    out, err = said.communicate(timeout=WHOLE)
    assert (said.returncode, json.loads(out)["data"]["engine"]) == (0, MASTER), err
    assert [*temp.iterdir()] == []


def test_who_is_asked_to_end_leaves_nothing(temp: Path) -> None:
    """In the middle, and while Java starts."""
    for pattern in ("voucher-spark-*/blockmgr-*", "voucher-spark-*"):
        said = report(environ(temp), MASTER, "leverage")
        until(lambda look=pattern: [*temp.glob(look)], said)
        said.terminate()
        _, err = said.communicate(timeout=WHOLE)
        assert (said.returncode, "Traceback" in err) == (130, False), err
        assert [*temp.iterdir()] == []
