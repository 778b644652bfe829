"""report list: the reports there are, the measures that they are made of, and the dimensions that
figures can be grouped by.
"""

from __future__ import annotations

from vouchercli.ops.reports.dimensions import DIMENSIONS
from vouchercli.ops.reports.measures import MEASURES
from vouchercli.result import Column, Outcome, Table, Word, say

REPORTS: dict[str, str] = {
    "leverage": Word("what each public yuan did, by any dimension"),
    "rounds": Word("how each round was taken up and used"),
    "merchants": Word("who takes part, who is paid, and how evenly the money is spread"),
    "districts": Word("what merchants of each district were paid, or of one"),
    "industries": Word("what merchants of each industry were paid, or of one"),
    "orders": Word("order amounts against the threshold; the average with and without"),
    "timeline": Word("from the draft of each round to its first redemption"),
    "rejects": Word("rejected rows over all files"),
    "funds": Word("where the money of each funder stands; --final: what it came to"),
    "settlement": Word("how far merchants are paid: days to payment, holds, debts"),
    "operations": Word("what the clock did late, and files that did not come in"),
    "forecasts": Word("what was said of rounds before they opened, and what came"),
    "compare": Word("rounds, families and programmes side by side"),
    "nation": Word("figures of many cities together, from the files that they send"),
    "fairness": Word("who claimed, won and was paid, by group and district"),
    "series": Word("turnover, orders and open shops beside the year before; no effect"),
    "explain": Word("a figure down to files, ways of paying, ledger and rules"),
    "brief": Word("one page of sentences for a section head"),
    "bulletin": Word("a day and all before it, the money left, and what is odd"),
    "site": Word("all of them as a folder of pages, with a search"),
}


def list_reports() -> Outcome:
    """The reports, the measures that they are made of, and the dimensions."""
    return Outcome(
        tables=(
            Table(
                say("Reports"),
                (Column("report", "report"), Column("about", "what it shows", "word")),
                [{"report": name, "about": about} for name, about in REPORTS.items()],
                key="reports",
            ),
            Table(
                say("Measures"),
                (
                    Column("measure", "measure", "word"),
                    Column("key", "in JSON"),
                    Column("unit", "unit", "word"),
                    Column("meaning", "meaning", "word"),
                ),
                MEASURES,
                key="measures",
            ),
            Table(
                say("Dimensions (--by)"),
                (Column("dimension", "dimension"), Column("meaning", "meaning", "word")),
                [{"dimension": name, "meaning": each.meaning} for name, each in DIMENSIONS.items()],
                key="dimensions",
            ),
        ),
    )
