"""`voucher` in a process of its own, with its own memory, files, signals and end: `started` from
nothing, or `forked` from a nursery that has loaded the program already, which saves most of what a
short command costs.

The default run forks; the slow suite starts. That the program loads what it needs is also seen in
test_startup.py and README.md.
"""

from __future__ import annotations

import ast
import gc
import importlib
import io
import os
import pkgutil
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__)
DEVNULL, PIPE = subprocess.DEVNULL, subprocess.PIPE
DRIVER = HERE.with_name("small_chunks.py")
SHIM = """\
#!{python} -IS
import os, sys, _socket
to = _socket.socket(_socket.AF_UNIX)
to.connect({address!r})
wanted = {{"args": sys.argv[1:], "folder": os.getcwd(), "environ": dict(os.environ)}}
streams = b"".join(stream.to_bytes(4, sys.byteorder) for stream in (0, 1, 2))
to.sendmsg([repr(wanted).encode() + b"\\n"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
told = b""
while heard := to.recv(100):
    told += heard
code = int(told.split()[1])
sys.exit(code if code >= 0 else 128 - code)
"""


def command(lines: int | None, bytes_: int | None) -> list[str]:
    """The program as it is, or with chunks of `lines` lines where files of `bytes_` bytes or more
    go the way of large ones.
    """
    return (
        [sys.executable, "-m", "vouchercli"]
        if lines is None
        else [sys.executable, str(DRIVER), str(lines), str(bytes_)]
    )


def started(
    folder: Path,
    *args: str,
    environ: Mapping[str, str] = os.environ,
    lines: int | None = None,
    bytes_: int | None = None,
    out: int = DEVNULL,
    err: int = DEVNULL,
) -> subprocess.Popen[str]:
    """`voucher ARGS` in `folder`, from nothing."""
    return subprocess.Popen(
        [*command(lines, bytes_), *args],
        cwd=folder,
        env=dict(environ),
        stdout=out,
        stderr=err,
        text=True,
    )


class Child:
    """A forked command, as `subprocess.Popen` would show it."""

    def __init__(
        self, args: tuple[str, ...], told: socket.socket, streams: list[IO[str] | None]
    ) -> None:
        self.args, self.returncode = args, None
        self.stdout, self.stderr = streams
        self._told, self._text = told, b""
        while b"\n" not in self._text:
            self._listen(None)
        self.pid = int(self._text.split()[0])

    def _listen(self, timeout: float | None) -> None:
        self._told.settimeout(timeout)
        heard = self._told.recv(100)
        assert heard, "the nursery is gone"
        self._text += heard

    def wait(self, timeout: float | None = None) -> int:
        try:
            while self.returncode is None:
                if self._text.count(b"\n") == 2:
                    self.returncode = int(self._text.split()[1])
                    self._told.close()
                else:
                    self._listen(timeout)
        except (TimeoutError, BlockingIOError):
            raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
        return self.returncode

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it ended, and that is not heard of yet
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self) -> tuple[str, str]:
        """What it has printed; of two pipes the second must hold all that is written to it."""
        said = [stream.read() if stream else "" for stream in (self.stdout, self.stderr)]
        self.wait()
        return said[0], said[1]


def forked(
    folder: Path,
    *args: str,
    environ: Mapping[str, str] = os.environ,
    lines: int | None = None,
    bytes_: int | None = None,
    driver: tuple[str, ...] = (),
    out: int = DEVNULL,
    err: int = DEVNULL,
) -> Child:
    """The same as `started`, from the nursery; with a `driver` (a file and its words), that runs
    the command.
    """
    given = [os.open(os.devnull, os.O_RDONLY)]
    streams: list[IO[str] | None] = []
    for wish in (out, err):
        reads, writes = os.pipe() if wish == PIPE else (None, os.open(os.devnull, os.O_WRONLY))
        streams.append(None if reads is None else os.fdopen(reads, encoding="utf-8"))
        given.append(writes)
    to = socket.socket(socket.AF_UNIX)
    to.connect(str(nursery() / "door"))
    wanted = {
        "args": args,
        "folder": str(folder),
        "environ": dict(environ),
        "lines": lines,
        "bytes": bytes_,
        "driver": driver,
    }
    socket.send_fds(to, [repr(wanted).encode() + b"\n"], given)
    for descriptor in given:
        os.close(descriptor)
    return Child(args, to, streams)


OPEN: list[tuple[Path, subprocess.Popen[bytes]]] = []


@cache
def nursery() -> Path:
    """The folder of this run's nursery: its door, and the command `voucher` that asks there for a
    child.
    """
    folder = Path(tempfile.mkdtemp())
    asked = subprocess.Popen(
        [sys.executable, str(HERE), str(folder / "door")], stdin=PIPE, stdout=PIPE
    )
    assert asked.stdin and asked.stdout
    OPEN.append((folder, asked))
    assert asked.stdout.readline() == b"open\n"
    (folder / "voucher").write_text(
        SHIM.format(python=sys.executable, address=str(folder / "door"))
    )
    (folder / "voucher").chmod(0o755)
    return folder


def close() -> None:
    """No child is asked for any more."""
    for folder, asked in OPEN:
        asked.communicate()
        shutil.rmtree(folder)


# ---------------------------------------------------------------- in the nursery


def serve(door: str) -> None:
    """Load the program, then give birth to whoever is asked for, until nobody is there any more."""
    import vouchercli

    for module in pkgutil.walk_packages(vouchercli.__path__, "vouchercli."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    with suppress(ImportError):
        importlib.import_module("polars")
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(door)
        listener.listen(50)
        print("open", flush=True)
        while 0 not in select.select([listener, 0], [], [])[0]:
            asker = listener.accept()[0]
            if os.fork() == 0:
                listener.close()
                attend(asker)
            asker.close()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def attend(asker: socket.socket) -> NoReturn:
    """Bear the child that is asked for; tell its number at once, and in the end how it ended."""
    text, given, _, _ = socket.recv_fds(asker, 1 << 20, 3)
    while not text.endswith(b"\n"):
        text += asker.recv(1 << 20)
    wanted = ast.literal_eval(text.decode())
    child = os.fork()
    if child == 0:
        asker.close()
        live(wanted, given)
    for descriptor in given:
        os.close(descriptor)
    for stream in (0, 1, 2):
        os.close(stream)
    with suppress(BrokenPipeError):
        asker.sendall(b"%d\n" % child)
        asker.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    os._exit(0)


def live(wanted: dict[str, Any], given: list[int]) -> NoReturn:
    """Be `voucher ARGS`."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for stream, descriptor in enumerate(given):
        os.dup2(descriptor, stream)
        os.close(descriptor)
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environ"])
    time.tzset()
    is_direct = bool(os.environ.get("PYTHONUNBUFFERED"))
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    raw = os.fdopen(1, "wb", 0 if is_direct else -1, closefd=False)
    sys.stdout = io.TextIOWrapper(raw, encoding="utf-8", write_through=is_direct)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    code = 1
    try:
        if wanted.get("driver"):
            sys.argv = [*wanted["driver"], *wanted["args"]]
            runpy.run_path(sys.argv[0], run_name="__main__")
        elif wanted.get("lines") is None:
            sys.argv = ["voucher", *wanted["args"]]
            from vouchercli.cli.main import run

            run()
        else:
            sys.argv = [str(DRIVER), str(wanted["lines"]), str(wanted["bytes"]), *wanted["args"]]
            runpy.run_path(str(DRIVER), run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
