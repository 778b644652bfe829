"""How much the rules miss: of the merchants that a sample drawn at random found wrong, how many had
the last scan made candidates; and of its candidates that were drawn, how many were wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.result import say
from vouchercli.rules import samples as law
from vouchercli.store import findings, samples

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from vouchercli.result import Message
    from vouchercli.store.samples import Sample


class Recall(NamedTuple):
    """Merchants of a sample by what was found and what a scan had said: `wrong` of which
    `wrong_candidates` were candidates, and `candidates` in all.
    """

    sample: int
    scan: int
    confidence_bp: int
    wrong: int
    candidates: int
    wrong_candidates: int

    @property
    def recall(self) -> law.Bounds | None:
        """Of the wrong ones those that the rules found; None: none was found wrong."""
        if not self.wrong:
            return None
        return law.share_bounds(self.wrong_candidates, self.wrong, self.confidence_bp)

    @property
    def precision(self) -> law.Bounds | None:
        """Of those that the rules found the wrong ones; None: none of them was drawn."""
        if not self.candidates:
            return None
        return law.share_bounds(self.wrong_candidates, self.candidates, self.confidence_bp)

    @property
    def document(self) -> dict[str, Any]:
        """All of it as data; shares as decimal strings."""
        named = {"recall": self.recall, "precision": self.precision}
        shares = {
            name + end: None if of is None else f"{value:.4f}"
            for name, of in named.items()
            for end, value in zip(("", "_low", "_high"), of or (0.0, 0.0, 0.0), strict=True)
        }
        return {**self._asdict(), **shares}


def of_sample(db: sqlite3.Connection, programme_id: int, sample: Sample) -> Recall | None:
    """What a sample of merchants with all its results says of the last scan; None: there is no
    scan.
    """
    scan = findings.last_scan(db, programme_id)
    if scan is None:
        return None
    drawn = {each.number: bool(each.fault) for each in samples.items(db, sample.sample).rows(None)}
    candidates = findings.candidates(db, scan) & drawn.keys()
    wrong = {number for number, is_wrong in drawn.items() if is_wrong}
    counts = (len(wrong), len(candidates), len(wrong & candidates))
    return Recall(sample.sample, scan, sample.confidence_bp, *counts)


def of_last(db: sqlite3.Connection, programme_id: int) -> Recall | None:
    """The same of the last sample of merchants with all its results; None: there is none."""
    sample = samples.last_complete(db, programme_id, "merchants")
    return None if sample is None else of_sample(db, programme_id, sample)


def tell(known: Recall | None) -> Iterator[Message]:
    """What is known of it, in words."""
    if known is None:
        yield say(
            "how many wrong merchants the rules miss is not known: voucher risk sample --margin 5"
        )
        return
    recall, precision = known.recall, known.precision
    if recall is None:
        yield say(
            "sample {sample} found no merchant wrong: how many the rules miss stays unknown",
            sample=known.sample,
        )
    else:
        yield say(
            "recall: of {wrong} merchants that sample {sample} found wrong at random, scan {scan}"
            " had made {found} candidates: {share} %, between {low} and {high}",
            sample=known.sample,
            scan=known.scan,
            wrong=known.wrong,
            found=known.wrong_candidates,
            **in_percent(recall),
        )
    if precision is not None:
        yield say(
            "precision: of {candidates} candidates of scan {scan} that sample {sample} drew,"
            " {found} were wrong: {share} %, between {low} and {high}",
            sample=known.sample,
            scan=known.scan,
            candidates=known.candidates,
            found=known.wrong_candidates,
            **in_percent(precision),
        )


def in_percent(of: law.Bounds) -> dict[str, str]:
    """A share and its bounds in per cent."""
    return {name: f"{value * 100:.1f}" for name, value in of._asdict().items()}
