"""voucher audit log | verify | head | witness | package | sample | samples"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from vouchercli.cli.language import language
from vouchercli.cli.options import Call, Since, Until, command, verbs
from vouchercli.ops.proof import audit, witnesses
from vouchercli.result import Outcome
from vouchercli.session import Session

app = verbs()


Deed = Annotated[
    Optional[str],
    typer.Option(
        "--deed", metavar="NAME", help="Only this action (round.approve) or kind of action (round)."
    ),
]
About = Annotated[
    Optional[str],
    typer.Option("--about", metavar="NAME", help="Only actions on this round, programme, file ..."),
]
Head = Annotated[
    Optional[str],
    typer.Option(
        "--head", metavar="DIGEST", help="A head noted earlier (audit head): it must be in the log."
    ),
]
HeadsFile = Annotated[
    Optional[str],
    typer.Option(
        "--heads",
        metavar="FILE",
        help="All heads that were noted elsewhere, one a line, as the tick ships them.",
    ),
]
Witnessed = Annotated[
    str,
    typer.Argument(metavar="DIGEST", help="The head that you see: number:digest, or the digest."),
]


@command(
    app,
    "log",
    epilog="Example: voucher audit log --about hz-1 --deed round --since 2020-03-01",
    is_list=True,
)
def log(
    call: Call,
    session: Session,
    *,
    limit: int | None,
    deed: Deed = None,
    about: About = None,
    since: Since = None,
    until: Until = None,
) -> Outcome:
    """Show who did what, when, with what stood before and after, the newest first (--actor NAME:
    only theirs).
    """
    return audit.list_deeds(
        session,
        actor=call.given.get("actor"),
        deed=deed,
        about=about,
        limit=limit,
        **call.span(session, since, until),
    )


@command(
    app,
    "verify",
    epilog=(
        "Example: voucher audit verify --head"
        " 42:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    ),
)
def verify(session: Session, *, head: Head = None, heads: HeadsFile = None) -> Outcome:
    """Verify that no line of the log was edited, removed, inserted or moved, and name what came
    after the noted head.
    """
    return audit.verify_log(session, head, heads)


@command(app, "head", epilog="Example: voucher audit head")
def head(session: Session) -> Outcome:
    """Show the newest line's number and digest, to be noted elsewhere."""
    return audit.show_head(session)


@command(
    app,
    "witness",
    epilog=(
        "Example: voucher audit witness"
        " 42:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --actor lin"
    ),
)
def witness(session: Session, head: Witnessed) -> Outcome:
    """Write into the log, as a second person, that its head stood there."""
    return witnesses.witness_head(session, head)


@command(
    app,
    "package",
    epilog="Example: voucher audit package audit-2020 --until 2020-04-30",
    looks_back=True,
)
def package(
    call: Call,
    session: Session,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A new folder: nothing is ever replaced.")
    ],
    since: Since = None,
    until: Until = None,
    rows: Annotated[
        bool, typer.Option("--rows", help="Every claim and redemption too, not sums alone.")
    ] = False,
) -> Outcome:
    """Write all that an auditor asks for into a folder: reports, ledger, settlements, proposals,
    rules, log, proofs.
    """
    from vouchercli.cli import package_writers  # and all reports, which a log does without
    from vouchercli.ops.auditing import packages

    span = call.span(session, since, until or call.given.get("as_of"))
    wanted = packages.Wanted(folder, span["since"], span["until"], rows)
    return packages.write(
        session, wanted, package_writers.of(call, is_rehearsal=session.is_rehearsal)
    )


SampleNumber = Annotated[
    Optional[int], typer.Argument(metavar="[N]", help="The number of a sample (else all).")
]


Confidence = Annotated[
    str, typer.Option("--confidence", metavar="PERCENT", help="How sure it must be.")
]
Margin = Annotated[
    Optional[str], typer.Option("--margin", metavar="PERCENT", help="So many may be wrong at most.")
]
Expected = Annotated[
    str, typer.Option("--expected", metavar="PERCENT", help="So many are expected to be wrong.")
]
FromDay = Annotated[Optional[str], typer.Option("--since", metavar="DAY", help="From this day on.")]
UpToDay = Annotated[
    Optional[str],
    typer.Option("--until", metavar="DAY", help="Up to this day (else the last signed one)."),
]
Seed = Annotated[
    str, typer.Option("--seed", metavar="TEXT", help="What decides who is drawn (else the log).")
]
Sheet = Annotated[
    Optional[Path], typer.Option("--to", metavar="FILE", help="The sheet to fill in: XLSX or CSV.")
]
Population = Annotated[
    Optional[Path],
    typer.Option("--population", metavar="FILE", help="The list of all, to draw it again."),
]
Results = Annotated[
    Optional[Path],
    typer.Option("--results", metavar="FILE", help="Instead: enter what was found."),
]


@command(
    app,
    "sample",
    epilog="Examples: voucher audit sample --margin 5 --to sample-1.xlsx --actor qi; "
    "voucher audit sample --margin 2 --method money --what transfers --actor qi; "
    "voucher audit sample --results sample-1.xlsx --actor qi",
)
def sample(
    call: Call,
    session: Session,
    *,
    confidence: Confidence = "95",
    margin: Margin = None,
    expected: Expected = "0",
    what: Annotated[
        str,
        typer.Option("--what", metavar="WHAT", help="redemptions, claims, transfers or merchants."),
    ] = "redemptions",
    since: FromDay = None,
    until: UpToDay = None,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            metavar="KIND",
            help="items: each has the same chance; money: each yuan has.",
        ),
    ] = "items",
    seed: Seed = "",
    to: Sheet = None,
    population: Population = None,
    results: Results = None,
) -> Outcome:
    """Draw a sample for a spot check, its size stated before; or enter what was found, and hear
    what it says of the whole.
    """
    terms = (confidence, margin, expected)
    files = (seed, to, population, results)
    return draw_or_enter(call, session, what, terms, (since, until), files, method)


def draw_or_enter(
    call: Call,
    session: Session,
    what: str,
    terms: tuple[str, str | None, str],
    span: tuple[str | None, str | None],
    files: tuple[str, Path | None, Path | None, Path | None],
    method: str = "items",
) -> Outcome:
    """Draw a sample, or enter the results of one. `terms`: confidence, margin, expected; `span`:
    since, until; `files`: seed, sheet, list of all, results; `method`: items or money.
    """
    from vouchercli.ops.auditing import sample_results, samples  # nothing else needs the law of it

    (confidence, margin, expected), (seed, to, population, results) = terms, files
    if samples.is_of_results(results, margin, seed, to, population, *span):
        assert results is not None
        return sample_results.enter(session, results)
    assert margin is not None
    days = (None if day is None else call.local_day(session, day) for day in span)
    first, last = days
    wanted = samples.read_terms(confidence, margin, expected)
    asked = (samples.read_what(what), wanted, first, last, seed, to, population)
    how = samples.read_method(method)
    return samples.draw(session, samples.Wanted(*asked, language(), how))


@command(app, "samples", epilog="Example: voucher audit samples 1", is_list=True)
def list_samples(
    session: Session,
    number: SampleNumber = None,
    *,
    limit: int | None,
    to: Annotated[
        Optional[Path],
        typer.Option("--to", metavar="FILE", help="Write its sheet into this new file."),
    ] = None,
) -> Outcome:
    """List the samples that were drawn; or show one, its items, and what the results say of the
    whole.
    """
    from vouchercli.ops.auditing import sample_sheets, sample_tables, samples

    if number is None:
        samples.require_number(to)
        return sample_tables.list_samples(session, limit)
    if to is not None:
        return sample_sheets.give(session, number, to, language())
    return sample_tables.show_sample(session, number, limit)
