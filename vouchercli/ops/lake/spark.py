"""Before Spark is started: what it needs here is looked at, and what is wrong is said in words.

A secret comes from a file or from the environment, never from an argument: arguments stand in the
list of processes.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.result import Word

if TYPE_CHECKING:
    from vouchercli.store.spark_engine import Spark

MASTERS = re.compile(
    r"local\[(\d+|\*)\]|yarn|k8s://\S+|spark://([^\s:,/]+:\d+,?)+|sc://[^\s:;/]+(:\d+)?(/\S*)?"
)
ADDRESSES = re.compile(r"([^\s:,/]+):(\d+)")
OF_SECRET = "VOUCHER_SPARK_SECRET"
OF_SECRET_FILE = "VOUCHER_SPARK_SECRET_FILE"
OF_MEMORY = "VOUCHER_SPARK_MEMORY"
OLDEST_JAVA = 17
OF_PATIENCE = "VOUCHER_SPARK_PATIENCE"
LEAST = 512 << 20
PATIENCE = 60.0  # seconds in which a worker comes
ANSWERS_IN = 5.0  # seconds for an answer of the master's port
SIZES = {"k": 10, "m": 20, "g": 30, "t": 40}


def is_spark(name: str) -> bool:
    """Whether an engine's name is meant for Spark."""
    return name.startswith(("spark:", "sc:", "local[", "yarn", "k8s:"))


def spark(name: str, lake: str) -> Spark:
    """The engine of that master, for a lake; Spark itself is started by the first question. Raises
    `UsageFault` spark_master, `VoucherError` spark_unreachable, no_java, java_too_old, no_spark,
    spark_secret_file, spark_memory, spark_patience.
    """
    if not MASTERS.fullmatch(name):
        raise UsageFault(
            "spark_master",
            "{engine} is not the address of a master of Spark",
            hint="--engine spark://HOST:7077, local[2], yarn, k8s://HOST:443 or sc://HOST:15002",
            engine=name,
        )
    _answers(name)
    if not name.startswith("sc://"):
        _java()
    _installed(name)
    asked = {"secret": _secret(), "memory": _memory()}
    patience = _patience()
    from vouchercli.store.spark_engine import Spark  # only where it is asked for

    return Spark(name, lake, **asked, patience=patience)


def _answers(name: str) -> None:
    """One of its masters takes a connection."""
    rest = name.partition("://")[2] if name.startswith(("spark://", "sc://")) else ""
    if name.startswith("sc://"):
        host = rest.partition("/")[0]
        rest = host if ":" in host else f"{host}:15002"
    why = ""
    for host, port in ADDRESSES.findall(rest):
        try:
            socket.create_connection((host, int(port)), ANSWERS_IN).close()
        except (OSError, OverflowError) as error:
            why = _why(error)
        else:
            return
    if rest:
        raise VoucherError(
            "spark_unreachable",
            "nothing answers at {engine}: {why}",
            hint="start the master, or see its page for the address; --engine local needs none",
            engine=name,
            why=why,
        )


def _why(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return Word("there is no such machine")
    if isinstance(error, ConnectionRefusedError):
        return Word("no program listens there")
    if isinstance(error, TimeoutError):
        return Word("no answer came in time")
    return str(error)


def _java() -> None:
    """The system's Java is there and new enough."""
    home = os.environ.get("JAVA_HOME")
    path = shutil.which("java", path=str(Path(home, "bin")) if home else None)
    if path is None:
        raise VoucherError(
            "no_java",
            "Spark needs Java, and there is none here ({place})",
            hint="apt install openjdk-17-jre-headless, or set JAVA_HOME",
            place=f"JAVA_HOME={home}" if home else "PATH",
        )
    ran = subprocess.run([path, "-version"], capture_output=True, check=False)
    said = (ran.stderr + ran.stdout).decode("utf-8", "replace")
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    if ran.returncode or not found or int(found[1]) < OLDEST_JAVA:
        raise VoucherError(
            "java_too_old",
            "Spark 4 needs Java {oldest} or newer; {path} says: {said}",
            hint="apt install openjdk-17-jre-headless, or set JAVA_HOME",
            oldest=OLDEST_JAVA,
            path=path,
            said=(said.splitlines() or ["nothing"])[0],
        )


def _installed(name: str) -> None:
    """The extra is installed; of Spark Connect also what it speaks through."""
    try:
        import pyspark  # noqa: F401
    except ImportError as error:
        raise VoucherError(
            "no_spark",
            "{engine} needs PySpark, which is not installed here",
            hint="pip install 'vouchercli[spark]'; --engine local needs nothing more",
            engine=name,
        ) from error
    try:
        if name.startswith("sc://"):
            import grpc  # noqa: F401
            import pandas  # noqa: F401
            import pyarrow  # noqa: F401
    except ImportError as error:
        raise VoucherError(
            "no_spark_connect",
            "{engine} needs more of PySpark than is installed here: {why}",
            hint="pip install 'pyspark[connect]>=4,<5'",
            engine=name,
            why=str(error),
        ) from error


def _secret() -> str:
    """The secret of the cluster; '' where none is given."""
    path = os.environ.get(OF_SECRET_FILE)
    if path is None:
        return os.environ.get(OF_SECRET, "")
    try:
        if stat.S_IMODE(Path(path).stat().st_mode) & 0o077:
            raise OSError("others may read it: chmod 600")
        secret = Path(path).read_text("utf-8").strip()
        if not secret:
            raise OSError("it is empty")
    except (OSError, UnicodeDecodeError) as error:
        raise VoucherError(
            "spark_secret_file",
            "the secret of Spark cannot be taken from {path}: {why}",
            hint="VOUCHER_SPARK_SECRET_FILE names a file with one line that only you may read",
            where=path,
            path=path,
            why=getattr(error, "strerror", None) or str(error),
        ) from error
    return secret


def _memory() -> str:
    """How much each process of Spark takes; '' where it is left to Spark's own settings."""
    text = os.environ.get(OF_MEMORY, "").strip().lower()
    if not text:
        return ""
    found = re.fullmatch(r"(\d+)([kmgt])", text)
    size = int(found[1]) << SIZES[found[2]] if found else 0
    has = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if not LEAST <= size <= has:
        raise VoucherError(
            "spark_memory",
            "Spark cannot work with {memory} of memory: it needs 512m, and this machine has {has}m",
            hint="VOUCHER_SPARK_MEMORY=2g",
            memory=text,
            has=has >> 20,
        )
    return text


def _patience() -> float:
    """How many seconds may pass in which no worker is there."""
    text = os.environ.get(OF_PATIENCE, "").strip()
    if text and not re.fullmatch("[1-9][0-9]{0,4}", text):
        raise VoucherError(
            "spark_patience",
            "{text} is no number of seconds to wait for a worker of Spark",
            hint="VOUCHER_SPARK_PATIENCE=300",
            text=text,
        )
    return float(text or PATIENCE)
