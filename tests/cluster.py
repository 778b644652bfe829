"""A real cluster of Spark on loopback: a master and two workers of one core and 1 GiB each, with
authentication. Each is a process of its own session, so that killing it takes its executors along,
as when a machine dies; all are gone when the block ends, whatever happens in it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Process = subprocess.Popen[bytes]

PACKAGES = Path(f"{sys.prefix}-spark")  # of make: PySpark, and nothing else
WITHIN = 90.0  # seconds for what takes three on a machine that is idle
SECRET = "what only the offices of this province know"
MASTER = re.compile(r"Starting Spark master at (spark://\S+)")
REGISTERED = re.compile(r"Registering worker")
DONE = re.compile(r"Finished task")


def packages() -> Path | None:
    """Where PySpark lies; None: it could not be had."""
    return next(PACKAGES.glob("lib*/python3*/site-packages/pyspark"), None)


class Cluster(NamedTuple):
    """The address of the master, what it says, where it works, and the processes of its workers."""

    url: str
    log: Path
    folder: Path
    workers: list[Process]

    def done_by_first(self) -> int:
        """How many tasks the first worker has done for the application that began last."""
        logs = sorted(self.folder.glob("work1/app-*/*/stderr"))
        return len(DONE.findall(logs[-1].read_text("utf-8"))) if logs else 0

    def kill_a_worker(self) -> None:
        """End a worker and its executors at once, as a machine that loses power."""
        os.killpg(self.workers[0].pid, signal.SIGKILL)


def until(what: Callable[[], Any], process: subprocess.Popen[Any] | None = None) -> Any:
    """What is waited for, once it is there; the process must live until then."""
    ends = time.monotonic() + WITHIN
    while not (found := what()):
        assert process is None or process.poll() is None, "it has ended"
        assert time.monotonic() < ends, f"not within {WITHIN:.0f} seconds"
        time.sleep(0.05)
    return found


@contextmanager
def started(folder: Path, spark: Path) -> Iterator[Cluster]:
    """The cluster while the block runs; `spark` is the folder of PySpark."""
    settings = folder / "spark.conf"
    settings.write_text(f"spark.authenticate true\nspark.authenticate.secret {SECRET}\n", "utf-8")
    settings.chmod(0o600)
    environ = dict(os.environ) | {
        "SPARK_HOME": str(spark),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_NO_DAEMONIZE": "1",
        "SPARK_DAEMON_MEMORY": "256m",
    }
    processes: list[Process] = []

    def run(name: str, *words: str) -> Path:
        log = folder / f"{name}.log"
        with log.open("wb") as out:
            processes.append(
                subprocess.Popen(
                    [
                        *(
                            str(spark / "bin" / "spark-class"),
                            "org.apache.spark.deploy." + words[0],
                        ),
                        *("--host", "127.0.0.1", "--webui-port", "0"),
                        *("--properties-file", str(settings), *words[1:]),
                    ],
                    cwd=folder,
                    env=environ,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                )
            )
        return log

    try:
        log = run("master", "master.Master", "--port", "0")
        master = processes[0]
        url = until(lambda: MASTER.search(log.read_text("utf-8")), master)[1]
        for number in (1, 2):
            work = str(folder / f"work{number}")
            run(
                f"worker{number}",
                *("worker.Worker", "--cores", "1", "--memory", "1g", "--work-dir", work, url),
            )
        until(lambda: len(REGISTERED.findall(log.read_text("utf-8"))) == 2, master)
        yield Cluster(url, log, folder, processes[1:])
    finally:
        for process in reversed(processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
