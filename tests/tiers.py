"""Which run has which test: `make test` the quick ones, `make test-whole` also the `long` ones, and
`make test-slow` those marked `slow`. What a test takes stands in tests/costly.txt.

With COSTS=FOLDER a run notes there what each test takes, for scripts/measure-tests.
"""

from __future__ import annotations

import os
from collections import defaultdict
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

# seconds of CPU that all variants of one test may take
QUICK = 0.1  # in the quick run
WHOLE = 0.5  # in the whole run, which has at least three; the slow suite has the others
LEAST = 3
COSTLY = Path(__file__).with_name("costly.txt")  # written by scripts/measure-tests

SHARED = [0.0]  # seconds of this process for what the first of several tests makes for all


@pytest.hookimpl(tryfirst=True)  # before marks are asked for
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test that takes long a run has a sample of its variants, the same each time, or none."""
    lines = COSTLY.read_text("utf-8").splitlines()
    costs = {test: float(cost) for cost, _, test in (line.partition(" ") for line in lines)}
    variants: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        test = item.nodeid.partition("[")[0].removeprefix("tests/")
        if test in costs and not item.get_closest_marker("slow"):
            variants[test].append(item)
    for test, each in variants.items():
        each.sort(key=lambda item: sha256(item.nodeid.encode()).digest())
        quick, whole = (int(most / max(costs[test], 0.01)) for most in (QUICK, WHOLE))
        for item in each[quick:]:
            item.add_marker(pytest.mark.long)
        for item in each[max(LEAST, whole) :]:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note what a test takes by itself."""
    folder = os.environ.get("COSTS")
    before = _seconds()
    ran = yield
    if folder:
        with Path(folder, str(os.getpid())).open("a", encoding="utf-8") as costs:
            costs.write(f"{_seconds() - before:.3f} {item.nodeid}\n")
    return ran


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
    """What is made for several tests is no test's own."""
    if fixturedef.scope == "function":
        return (yield)
    with shared():
        return (yield)


@contextmanager
def shared() -> Iterator[None]:
    """What is done in it is done for several tests."""
    before = _seconds()
    try:
        yield
    finally:
        SHARED[0] += _seconds() - before


def _seconds() -> float:
    """CPU of this process and of those it waited for, without what is shared."""
    return sum(os.times()[:4]) - SHARED[0]
