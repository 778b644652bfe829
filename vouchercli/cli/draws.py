"""voucher draw commit | entrants | run | show | verify"""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from vouchercli.cli.options import Call, command, verbs
from vouchercli.cli.round_terms import Code, PublicRandomness
from vouchercli.ops.lottery import certificates, draws, quota_options
from vouchercli.result import Outcome
from vouchercli.rules.certificate_terms import Announced
from vouchercli.session import Session

app = verbs()

Certificate = Annotated[
    str,
    typer.Argument(metavar="CERTIFICATE", help="The certificate, the .json that the draw wrote."),
]
RegistrationCloses = Annotated[
    Optional[str],
    typer.Option(
        "--registration-closes",
        metavar="TIME",
        help="When registration closes (else when the round opens).",
    ),
]
PublicSource = Annotated[
    str,
    typer.Option(
        "--public-source",
        metavar="TEXT",
        help="Announce where a public text will come from, to be mixed in at the draw.",
    ),
]
Strata = Annotated[
    Optional[list[str]],
    typer.Option(
        "--stratum",
        metavar="WHERE:N",
        help="Keep N places: district=余杭区:1000, or group=low-income:50 (again for each).",
    ),
]
StrataFile = Annotated[
    Optional[str],
    typer.Option("--strata", metavar="FILE", help="The strata and their quotas in a YAML file."),
]
Within = Annotated[
    Optional[str],
    typer.Option(
        "--within",
        metavar="WHAT",
        help="Share the winners out between two arms within district, group or district,group.",
    ),
]
Folder = Annotated[
    Optional[str],
    typer.Option(
        "--to", metavar="FOLDER", help="Where the certificate goes (else draws, by the database)."
    ),
]
ListFile = Annotated[
    Optional[str],
    typer.Option(
        "--to", metavar="FILE", help="Where the list goes (else into draws, by the database)."
    ),
]
Application = Annotated[
    Optional[str],
    typer.Option("--application", metavar="NO", help="What became of this application."),
]
Entrants = Annotated[
    str,
    typer.Option("--entrants", metavar="FILE", help="The list of entrants as it was published."),
]
Commitment = Annotated[
    Optional[str],
    typer.Option(
        "--commitment",
        metavar="HEX",
        help="The digest of the seed as it was announced before the draw.",
    ),
]
AnnouncedRound = Annotated[
    Optional[str],
    typer.Option("--round", metavar="CODE", help="The round as it was announced."),
]
AnnouncedSource = Annotated[
    Optional[str],
    typer.Option(
        "--public-source",
        metavar="TEXT",
        help='Where the public text was announced to come from ("": none was).',
    ),
]


@command(
    app,
    "commit",
    epilog='Example: voucher draw commit hz-1 --public-source "3D lottery of 2020-03-26"',
)
def commit(
    call: Call,
    session: Session,
    code: Code,
    *,
    registration_closes: RegistrationCloses = None,
    public_source: PublicSource = "",
    stratum: Strata = None,
    strata_file: StrataFile = None,
    within: Within = None,
) -> Outcome:
    """Draw a secret seed and give its digest, to be published before registration closes."""
    closes_at = call.moment(session, registration_closes, end_of_day=True)
    return draws.commit_seed(
        session,
        code,
        registration_closes_at=closes_at,
        public_source=public_source,
        strata=quota_options.read(stratum or [], strata_file),
        within=within,
    )


@command(app, "entrants", epilog="Example: voucher draw entrants hz-1 --to entrants.csv")
def entrants(
    session: Session,
    code: Code,
    *,
    stratum: Strata = None,
    strata_file: StrataFile = None,
    to: ListFile = None,
) -> Outcome:
    """Write and fix the list of who takes part, once registration is closed: applications, no
    persons.
    """
    return draws.publish_entrants(
        session, code, strata=quota_options.read(stratum or [], strata_file), to=to
    )


@command(app, "run", epilog='Example: voucher draw run hz-1 --public-randomness "4 1 7"')
def run(
    session: Session,
    code: Code,
    *,
    public_randomness: PublicRandomness = None,
    stratum: Strata = None,
    strata_file: StrataFile = None,
    to: Folder = None,
) -> Outcome:
    """Reveal the seed and draw: winners get their packs, the certificate is written."""
    return draws.draw(
        session,
        code,
        public_randomness,
        strata=quota_options.read(stratum or [], strata_file),
        to=to,
    )


@command(app, "show", epilog="Example: voucher draw show hz-1 --application A0001")
def show(
    session: Session, code: Code, *, application: Application = None, to: Folder = None
) -> Outcome:
    """Show how far a draw has come, what became of an application; --to writes its files again."""
    return certificates.show_draw(session, code, application=application, to=to)


@command(
    app,
    "verify",
    epilog=(
        "Example: voucher draw verify certificate.json --entrants entrants.csv --commitment"
        " 5f16f4c7..."
    ),
)
def verify(
    call: Call,
    certificate: Certificate,
    *,
    entrants: Entrants,
    commitment: Commitment = None,
    announced_round: AnnouncedRound = None,
    public_source: AnnouncedSource = None,
) -> Outcome:
    """Verify a draw: draw again from the files alone, without a database, and report what differs
    from the list, the rules of a draw, and what was announced.
    """
    announced = Announced(commitment, call.programme, announced_round, public_source)
    return certificates.verify_draw(certificate, entrants, announced)
