"""A file from before cells and surveys were batches: tests/cases/older/040.db.gz was written by the
program of 040_samples_of_merchants.sql: round r1 with a plan, 16 cells and a survey.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

OLDER = Path(__file__).parent / "cases" / "older" / "040.db.gz"
NOW = ("--now", "2020-07-21 09:00")


def test_cells_and_surveys_of_an_older_file_are_batches(voucher: Any, here: Path) -> None:
    Path(here, "voucher.db").write_bytes(gzip.decompress(OLDER.read_bytes()))
    voucher("check", *NOW)
    told = voucher("effect", "estimate", "r1", "-o", "json").data
    assert [each["effect"] for each in told["estimates"]] == ["2.46", "2.73", "2.59"]
    assert (told["survey"]["effect"], told["survey"]["source"]) == ("0.6424", "a printed survey")
    cells = voucher("batch", "show", "1", "-o", "json").data
    assert (cells["kind"], cells["accepted"], cells["actor"]) == ("cells", 16, "root")
    voucher("batch", "undo", "2", "--yes", *NOW)
    voucher("batch", "undo", "1", "--yes", *NOW)
    after = voucher("effect", "estimate", "r1", "-o", "json").data
    assert after["cells"] is None and not after.get("survey")
    voucher("check", *NOW)
