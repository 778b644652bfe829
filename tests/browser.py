"""A real browser (Debian's chromium), steered over the pipe of its debugging protocol."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
KEYS = {"Tab": 9, "Enter": 13}
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-background-networking",
)


class Tab:
    """A page of the browser: `call` a method of the protocol; what it tells meanwhile is kept."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._write, self._read = to_browser, os.fdopen(from_browser, "rb")
        self._number, self._session = 0, ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer of a method. Raises `RuntimeError`."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._number:
                if "error" in told:
                    raise RuntimeError(f"{method}: {told['error']}")
                return dict(told["result"])

    def _next(self) -> dict[str, Any]:
        octets = bytearray()
        while (octet := self._read.read(1)) != b"\0":
            if not octet:
                raise RuntimeError("the browser has left")
            octets += octet
        told: dict[str, Any] = json.loads(octets)
        if "method" in told:
            self.events.append(told)
        return told

    def open(self, page: Path) -> None:
        """Show a file, and wait until it is loaded."""
        self.events.clear()
        self.call("Page.navigate", url=page.resolve().as_uri())
        while not any(each["method"] == "Page.loadEventFired" for each in self.events):
            self._next()

    def value(self, expression: str) -> Any:
        """What an expression is in the page."""
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        """What an expression is in the page as soon as it is true."""
        for _ in range(400):
            if value := self.value(expression):
                return value
            self.call(
                "Runtime.evaluate",
                expression="new Promise(done => setTimeout(done, 25))",
                awaitPromise=True,
            )
        raise AssertionError(f"never true: {expression}")

    def press(self, key: str) -> None:
        """Press a key, and let it go."""
        text = {"text": "\r"} if key == "Enter" else {}
        named = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        self.call("Input.dispatchKeyEvent", type="keyDown", **named, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    def told(self, *methods: str) -> list[dict[str, Any]]:
        """What the browser has told by these methods."""
        return [each["params"] for each in self.events if each["method"] in methods]


@contextmanager
def browser(folder: Path) -> Iterator[Tab]:
    """A browser with one page; its profile lies in the folder."""
    assert CHROMIUM
    read_by_it, write = os.pipe()
    read, written_by_it = os.pipe()

    # the protocol's pipes are 3 and 4
    process = subprocess.Popen(
        [
            *("bash", "-c", f'exec "$@" 3<&{read_by_it} 4>&{written_by_it}', "bash"),
            *(CHROMIUM, *FLAGS, f"--user-data-dir={folder}"),
        ],
        pass_fds=(read_by_it, written_by_it),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(read_by_it)
    os.close(written_by_it)
    try:
        yield Tab(write, read)
    finally:
        process.kill()
        process.wait()
