"""Hold a database against the oracle: every count of every reason, every sum of every report.

python bench/compare.py FOLDER FOLDER/voucher.db      # FOLDER/oracle.json by bench/oracle.py; exit
5 when they differ
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., Any]

VOUCHER = [
    sys.executable,
    "-c",
    "import sys; from vouchercli.cli.main import main; sys.exit(main())",
]
COUNTS = ("read", "accepted", "duplicate", "rejected", "reasons", "warning_reasons")
SUMS = ("redemptions", "base_fen", "subsidy_fen", "platform_fen", "match_fen", "own_fen")


def asker(database: Path) -> Ask:
    """A function that runs a command on the database and gives its JSON data."""

    def ask(*words: str) -> Any:
        done = subprocess.run(
            [*VOUCHER, *words, "-o", "json", "--db", str(database)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(
                f"voucher {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return json.loads(done.stdout)["data"]

    return ask


def differences(expected: dict[str, Any], ask: Ask) -> list[str]:
    """Everything in which the database and the oracle differ, one line each."""
    return [*_counts(expected, ask), *_sums(expected["sums"], ask)]


def _counts(expected: dict[str, Any], ask: Ask) -> list[str]:
    """The batches of each kind together."""
    found = []
    for kind in ("merchants", "claims", "redemptions"):
        batches = [
            ask("batch", "show", str(batch["batch"]))
            for batch in ask("batch", "list", "--kind", kind)["batches"]
        ]
        for name in COUNTS:
            ours = _pooled([batch[name] for batch in batches])
            if ours != expected[kind][name]:
                found.append(f"{kind} {name}: voucher {ours}, oracle {expected[kind][name]}")
    return found


def _pooled(values: list[Any]) -> Any:
    """Numbers added; of dictionaries, what stands under each key."""
    if not values or isinstance(values[0], int):
        return sum(values)
    return {key: sum(value.get(key, 0) for value in values) for key in sorted(set().union(*values))}


def _sums(expected: dict[str, dict[str, dict[str, int]]], ask: Ask) -> list[str]:
    """`report leverage` by every grouping that the oracle knows, and its total."""
    found = []
    for by, groups in expected.items():
        report = ask("report", "leverage", "--by", by)
        rows = {
            row["key"]: {name: row[name] for name in SUMS}
            for row in report["rows"]
            if any(row[name] for name in SUMS)
        }
        found += [
            f"by {by}, {key}: voucher {rows.get(key)}, oracle {groups.get(key)}"
            for key in sorted(rows.keys() | groups.keys())
            if rows.get(key) != groups.get(key)
        ]
        total = {name: sum(group[name] for group in groups.values()) for name in SUMS}
        if (ours := {name: report["total"][name] for name in SUMS}) != total:
            found.append(f"by {by}, total: voucher {ours}, oracle {total}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Hold a database against the oracle.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("database", type=Path)
    given = parser.parse_args()
    found = differences(
        json.loads((given.folder / "oracle.json").read_text("utf-8")), asker(given.database)
    )
    print("\n".join(found[:50]) or "every count and every sum agrees")
    return 5 if found else 0


if __name__ == "__main__":
    sys.exit(main())
