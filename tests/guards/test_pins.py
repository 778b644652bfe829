"""Every package of the development environment is pinned with its hashes, for every platform."""

from __future__ import annotations

import re
import tomllib

import pytest
from source import ROOT, none_of

PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)( ; .+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def unpinned(text: str) -> list[str]:
    """Lines that are neither a package at one version nor a hash of the package above, and packages
    without a hash.
    """
    wrong, package, hashes = [], "", 0
    for line in [*text.splitlines(), "end==0 \\"]:
        if PINNED.match(line):
            wrong += [f"{package} has no hash"] if package and not hashes else []
            package, hashes = line.partition("==")[0], 0
        elif HASH.match(line):
            hashes += 1
        elif not line.startswith("#"):
            wrong.append(line)
    return wrong


def names(text: str) -> set[str]:
    """The packages of a list, as registries compare names."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


def missing(text: str, wanted: list[str]) -> list[str]:
    """What is wanted and not in the list."""
    asked = {re.split(r"[^A-Za-z0-9._-]", each)[0] for each in wanted}
    return sorted({re.sub(r"[-_.]+", "-", each).lower() for each in asked} - names(text))


PINS = (
    "constraints.txt",
    "bench/constraints.txt",
    "tests/judges.txt",
    "tests/axe.txt",
    "tests/banks.txt",
    "tests/effects.txt",
    "tests/spark.txt",
)


@pytest.mark.parametrize("name", PINS)
def test_every_package_has_its_version_and_hashes(name: str) -> None:
    assert none_of(unpinned((ROOT / name).read_text("utf-8")))


def test_all_that_the_project_asks_for_is_in_the_list() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert none_of(missing((ROOT / "constraints.txt").read_text("utf-8"), wanted))


def test_what_is_not_pinned_is_found() -> None:
    assert unpinned("rich==15.0.0 \\\nidna>=3\n") == ["idna>=3", "rich has no hash"]
    assert unpinned("--index-url elsewhere\n") == ["--index-url elsewhere"]
    assert missing("rich==15.0.0 \\\n", ["rich>=13", "PyYAML>=6; x"]) == ["pyyaml"]
