"""voucher profile list | show | export | try | guess"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli.import_options import File
from vouchercli.cli.options import To, command, verbs
from vouchercli.ops.setup import exports, profile_guesses, profile_trials, profiles
from vouchercli.result import Outcome

app = verbs()

Name = Annotated[
    str, typer.Argument(metavar="NAME|FILE", help="A profile, as profile list names it, or a file.")
]


def kind_of_file(text: str) -> str:
    """A kind of file by its name, or by the noun that imports it."""
    return profiles.kind_named(text)


def kind_of_any_file(text: str) -> str:
    """The same of whatever has a profile, not only of what platforms send every day."""
    return profiles.kind_named(text, profile_trials.KINDS)


Kind = Annotated[
    Optional[str],
    typer.Option(
        "--kind",
        metavar="KIND",
        parser=kind_of_file,
        help="merchants, applications, eligibility, claims or redemptions (else found out).",
    ),
]
AnyKind = Annotated[
    Optional[str],
    typer.Option(
        "--kind",
        metavar="KIND",
        parser=kind_of_any_file,
        help="Of which kind the file is: claims, redemptions, bills, cells, survey, ... (else found"
        " out).",
    ),
]
Encoding = Annotated[
    Optional[str],
    typer.Option("--encoding", metavar="NAME", help="The file's encoding (else found out)."),
]


@command(app, "list", epilog="Example: voucher profile list", is_list=True)
def list_(*, limit: int | None) -> Outcome:
    """List the profiles that files are tried with: those of ./configs and the shipped ones."""
    return profiles.list_profiles(limit)


@command(app, "show", epilog="Example: voucher profile show wechat-use-flow")
def show(name: Name) -> Outcome:
    """Show which column of a platform's file is which of our fields."""
    return profiles.show_profile(name)


@command(app, "export", epilog="Example: voucher profile export voucher > my-platform.yaml")
def export(name: Name, to: To = None) -> Outcome:
    """Print a profile as YAML, with its comments, to be changed."""
    return exports.export_profile(name, to)


@command(app, "try", epilog="Example: voucher profile try day.csv --profile my-platform.yaml")
def try_(
    file: File,
    *,
    profile: Annotated[
        Optional[str],
        typer.Option(
            "--profile", metavar="NAME|FILE", help="The profile (else found by the header)."
        ),
    ] = None,
    kind: AnyKind = None,
    encoding: Encoding = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="How many rows (0: all).")
    ] = profile_trials.ROWS,
) -> Outcome:
    """Show the first rows of a file as an import would read them; nothing is kept."""
    return profile_trials.try_file(
        file, profile=profile, kind=kind, encoding=encoding, limit=limit or None
    )


@command(app, "guess", epilog="Example: voucher profile guess day.csv > my-platform.yaml")
def guess(file: File, *, kind: Kind = None, encoding: Encoding = None, to: To = None) -> Outcome:
    """Write a commented profile from a file, to be compared with it and corrected."""
    return profile_guesses.guess_profile(file, kind=kind, encoding=encoding, to=to)
