"""The engine for what no longer fits on one machine: Apache Spark, by a session for one command.

Nothing of Python runs on workers: they read Parquet and add up, all in Java. What Spark itself says
goes to a file, not to the user; it is read here for what is wrong. `VOUCHER_SPARK_LOG` keeps it.
What our Java puts aside lies in one folder, which goes with it, however it ends.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vouchercli.store import spark_faults as faults
from vouchercli.store import spark_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from vouchercli.errors import VoucherError

    Columns = Mapping[str, str]
    Rows = Sequence[Sequence[Any]]

OF_LOG = "VOUCHER_SPARK_LOG"
SETTINGS = {
    "spark.app.name": "voucher",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.ansi.enabled": "true",  # what does not fit is an error, not a null
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.variable.substitute": "false",  # texts are what they are
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.files.ignoreCorruptFiles": "false",
}
LOOPBACK = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
END = 20  # seconds to end in order
LAST = 5  # seconds for a Java that nobody speaks to any more
OF_JAVA = "JAVA_TOOL_OPTIONS"
UNSAID = logging.NullHandler()  # a Java that has ended is a traceback to its bridge; we have words
SEEN = "path", "length", "reflect('org.apache.spark.package', 'SPARK_VERSION') AS version"


class Spark:
    """Answers questions in SQL about exactly the files that are named, and small tables beside
    them. Started by the first question; raises `VoucherError` in words, `ValueError` where a file
    is damaged.
    """

    def __init__(
        self, master: str, lake: str, *, secret: str, memory: str, patience: float
    ) -> None:
        self.master, self.lake = master, lake
        self._secret = secret
        self._memory = memory
        self._patience = patience  # seconds without any worker
        self._executors: Any = None  # asks the master who works; None: there is no master to ask
        self._paths: list[str] = []
        self._tables: dict[str, tuple[Columns, list[str]]] = {}
        self._session: Any = None
        self._gateway: Any = None
        self._running: Future[Any] | None = None  # what is waited for
        self._log: Any = None
        self._folder: Any = None  # of what our Java puts aside
        self._heard: Any = None  # who was asked to end before us

    def files(self, table: str, columns: Columns, parts: Mapping[str, Sequence[Path]]) -> None:
        """A table is made of exactly these files."""
        named = [str(path.resolve()) for paths in parts.values() for path in paths]
        self._paths += named
        if self._session:
            self._name(table, columns, named)
        self._tables[table] = columns, named

    def rows(self, table: str, columns: Columns, rows: Rows) -> None:
        """A small table that stands beside."""
        session = self._started()
        statement = spark_tables.written(columns, rows)
        self._watched(lambda: session.sql(statement).createOrReplaceTempView(table))

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of an answer."""
        session = self._started()
        return [tuple(row) for row in self._watched(lambda: session.sql(statement).collect())]

    ask_apart = ask  # a cluster has room for all cities

    def close(self) -> None:
        """The session has ended, and its Java with it; nothing of them is left."""
        if self._log is None:
            return
        ending = self._running
        if self._session is not None:
            ending = Future()
            _begin(ending, self._session.stop)
        if ending is not None:
            with suppress(Exception):
                ending.result(END)
        self._session = self._running = None
        self._end()
        self._log.close()
        self._folder.cleanup()
        self._log = self._folder = None
        if self._heard is not None:
            signal.signal(signal.SIGTERM, self._heard)
            self._heard = None

    # ------------------------------------------------------------ starting

    def _started(self) -> Any:
        if self._session is None:
            self._prepare()
            start = self._connected if self.master.startswith("sc://") else self._launched
            self._session = self._watched(start, faults.while_starting)
            if not self.master.startswith(("sc://", "local[")):
                self._executors = self._session.sparkContext._jsc.sc().statusTracker()
            for table, (columns, paths) in self._tables.items():
                self._name(table, columns, paths)
            self._look()
        return self._session

    def _prepare(self) -> None:
        """Whoever is asked to end (SIGTERM) from here on ends in order, as when interrupted. The
        log has no name, unless it is to be kept.
        """
        path = os.environ.get(OF_LOG)
        self._log = Path(path).open("a+b") if path else tempfile.TemporaryFile()  # noqa: SIM115
        self._folder = tempfile.TemporaryDirectory(
            prefix="voucher-spark-", ignore_cleanup_errors=True
        )
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            self._heard = signal.signal(signal.SIGTERM, signal.default_int_handler)

    def _connected(self) -> Any:
        """A session of a server of Spark Connect."""
        from pyspark.sql import SparkSession

        token = {"SPARK_CONNECT_AUTHENTICATE_TOKEN": self._secret} if self._secret else {}
        with _environment(token):
            session = SparkSession.builder.remote(self.master).create()
        for name, value in SETTINGS.items():
            if name.startswith("spark.sql."):
                session.conf.set(name, value)
        return session

    def _launched(self) -> Any:
        """A session of a Java of our own. Its secret is told to it when it runs."""
        from pyspark import SparkConf, SparkContext
        from pyspark.java_gateway import launch_gateway
        from pyspark.sql import SparkSession

        logging.getLogger().addHandler(UNSAID)
        given = os.environ.get("PYSPARK_SUBMIT_ARGS", "pyspark-shell")
        memory = f"--driver-memory {self._memory} " if self._memory else ""
        # Spark's own folder of the driver lies there too, unless SPARK_LOCAL_DIRS names another.
        of_java = f'{os.environ.get(OF_JAVA, "")} "-Djava.io.tmpdir={self._folder.name}"'
        options = {"PYSPARK_SUBMIT_ARGS": memory + given, OF_JAVA: f"{of_java} -XX:-UsePerfData"}
        with _environment(options):
            self._gateway = launch_gateway(popen_kwargs={"stdout": self._log, "stderr": self._log})
        SparkContext._ensure_initialized(gateway=self._gateway)
        conf = SparkConf(loadDefaults=True, _jvm=SparkContext._jvm).setMaster(self.master)
        for name, value in self._settings().items():
            conf.set(name, value)
        return SparkSession.builder.config(conf=conf).getOrCreate()

    def _settings(self) -> dict[str, str]:
        settings = {**SETTINGS}
        is_local = self.master.startswith("local[")
        if is_local or self.master.startswith(("spark://127.0.0.1:", "spark://localhost:")):
            settings |= LOOPBACK
        if is_local:
            settings["spark.sql.shuffle.partitions"] = "8"
        elif self._memory:
            settings["spark.executor.memory"] = self._memory
        if self._secret:
            settings["spark.authenticate"] = "true"
            settings["spark.authenticate.secret"] = self._secret
        return settings

    def _name(self, table: str, columns: Columns, paths: Sequence[str]) -> None:
        session, schema = self._session, spark_tables.schema(columns)

        def name() -> None:
            if paths:
                reader = session.read.schema(schema).option("__globPaths__", "false")
                frame = reader.parquet(*(f"file://{path}" for path in paths))
            else:
                frame = session.createDataFrame([], schema)
            frame.createOrReplaceTempView(table)

        self._watched(name)

    def _look(self) -> None:
        """Workers find every file at the size that it has here, and run this version of Spark."""
        import pyspark

        session = self._session
        frame = session.read.format("binaryFile").option("__globPaths__", "false")
        urls = [f"file://{path}" for path in self._paths]
        rows = self._watched(lambda: frame.load(urls).selectExpr(*SEEN).collect())
        for version in {row[2] for row in rows} - {pyspark.__version__}:
            raise faults.other_versions(self.master, pyspark.__version__, version)
        seen = Counter((row[0].removeprefix("file:").lstrip("/"), row[1]) for row in rows)
        here = Counter((path.lstrip("/"), Path(path).stat().st_size) for path in self._paths)
        for path, _ in (here - seen) + (seen - here):
            raise faults.unseen(self.master, f"/{path}")

    # ------------------------------------------------------------ waiting

    def _watched(
        self,
        call: Callable[[], Any],
        fault: Callable[[str, str], VoucherError | None] = lambda log, master: None,
    ) -> Any:
        """What a call gives; while it is waited for, the log is read for what no patience mends,
        and somebody must be there to do the work.
        """
        begins = os.fstat(self._log.fileno()).st_size
        answer = self._running = Future()  # known before it runs: whoever interrupts waits for it
        _begin(answer, call)
        manned_at = time.monotonic()
        while True:
            done = wait_for([answer], timeout=1).done
            if done and answer.exception() is None:
                return answer.result()
            said = self._said(begins)
            if self._has_workers():
                manned_at = time.monotonic()
            is_late = time.monotonic() - manned_at > self._patience
            found = faults.no_workers(self.master) if is_late else fault(said, self.master)
            if found is not None:
                self._end()
                raise found
            if done:
                error = answer.exception()
                raise faults.of_answer(f"{error}\n{said}", self.master) from error

    def _has_workers(self) -> bool:
        """Whether somebody works for us: besides the driver, who stands in the list too."""
        return self._executors is None or len(self._executors.getExecutorInfos()) > 1

    def _said(self, begins: int) -> str:
        log = self._log.fileno()
        return os.pread(log, os.fstat(log).st_size - begins, begins).decode("utf-8", "replace")

    def _end(self) -> None:
        """End our Java, whatever it does: in order where it can, since it then takes away what it
        put aside elsewhere.
        """
        self._executors = None
        if self._gateway is None:
            return
        from pyspark import SparkContext

        process, self._gateway = self._gateway.proc, None
        process.stdin.close()
        try:
            process.wait(LAST)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None


@contextmanager
def _environment(names: Mapping[str, str]) -> Iterator[None]:
    """Variables that Spark reads while it starts."""
    before = dict(os.environ)
    os.environ.update(names)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _begin(future: Future[Any], call: Callable[[], Any]) -> None:
    """Call in a thread that nobody has to wait for; what it gives is in the future."""

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
