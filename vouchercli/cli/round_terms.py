"""What a round is made of, and what a change of it names, as options: one block for create, edit
and copy, which differ in what must be given; one option for each change.
"""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer

Code = Annotated[str, typer.Argument(metavar="CODE", help="The round, for example hz-1.")]
NewCode = Annotated[str, typer.Argument(metavar="NEW", help="The code of the new round.")]
# What a round is made of: one block for create, edit and copy, which differ in what must be given.
TERMS: dict[str, Any] = {
    "template": Annotated[
        Optional[str],
        typer.Option(
            "--template",
            metavar="CODE[@V]",
            help="The card pack (the newest version, unless @V is given).",
        ),
    ],
    "packs": Annotated[
        Optional[int],
        typer.Option(
            "--packs", metavar="N", min=1, max=10**9, help="How many packs may be claimed."
        ),
    ],
    "budget": Annotated[
        Optional[str],
        typer.Option(
            "--budget",
            metavar="YUAN",
            help="As many packs as this money can pay at the most (instead of --packs).",
        ),
    ],
    "opens_at": Annotated[
        Optional[str],
        typer.Option(
            "--opens-at", metavar="TIME", help="When claiming begins, in the programme's zone."
        ),
    ],
    "closes_at": Annotated[
        Optional[str],
        typer.Option(
            "--closes-at",
            metavar="TIME",
            help="When claiming ends (a bare date: its end); else when the first voucher expires.",
        ),
    ],
    "mode": Annotated[
        Optional[str],
        typer.Option(
            "--mode",
            metavar="fcfs|lottery|targeted",
            help="How packs are granted (fcfs unless given).",
        ),
    ],
    "platform": Annotated[
        Optional[str],
        typer.Option(
            "--platform", metavar="NAME", help="The platform that issues it (else issued here)."
        ),
    ],
    "drawn": Annotated[
        Optional[str],
        typer.Option(
            "--drawn",
            metavar="here|platform",
            help="Who draws a platform's lottery (it, unless said); drawn here, it gets the"
            " winners.",
        ),
    ],
    "arm_of": Annotated[
        Optional[str],
        typer.Option(
            "--arm-of",
            metavar="CODE",
            help="The second arm of that lottery: one draw, its winners shared out by the packs.",
        ),
    ],
    "group": Annotated[
        Optional[str],
        typer.Option(
            "--group", metavar="NAME", help="Only residents of this group, by the eligibility list."
        ),
    ],
    "per_resident": Annotated[
        Optional[int],
        typer.Option(
            "--per-resident",
            metavar="N",
            min=1,
            help="Packs for one resident at most (the programme's limit unless given).",
        ),
    ],
    "registration_opens_at": Annotated[
        Optional[str],
        typer.Option(
            "--registration-opens", metavar="TIME", help="When residents may begin to register."
        ),
    ],
}
CHANGED_TERMS = TERMS | {
    "template": Annotated[
        Optional[str],
        typer.Option("--template", metavar="CODE[@V]", help="Another card pack or version."),
    ]
}
CREATED_TERMS = TERMS | {
    "platform": Annotated[
        Optional[str],
        typer.Option(
            "--platform",
            metavar="NAME[:N%,...]",
            help="The platform that issues it (else issued here); with shares a round for each.",
        ),
    ],
    "faces": Annotated[
        Optional[str],
        typer.Option(
            "--faces",
            metavar="YUAN-YUAN:N,...",
            help="A family: a round for each face, for example 90-300:480000,180-500:240000.",
        ),
    ],
    "each": Annotated[
        bool,
        typer.Option(
            "--each", help="A family: a person may have a pack of each round (else of one)."
        ),
    ],
}
Why = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why: the checkers read it.")]
MorePacks = Annotated[
    int, typer.Option("--packs", metavar="N", min=1, max=10**9, help="How many packs more.")
]
FewerPacks = Annotated[
    int, typer.Option("--packs", metavar="N", min=1, max=10**9, help="How many packs fewer.")
]
NewOpening = Annotated[
    Optional[str],
    typer.Option(
        "--opens-at", metavar="TIME", help="The new opening, while the round is not open yet."
    ),
]
NewClosing = Annotated[
    Optional[str],
    typer.Option("--closes-at", metavar="TIME", help="The new closing (a bare date: its end)."),
]
ReopenedUntil = Annotated[
    Optional[str],
    typer.Option(
        "--closes-at",
        metavar="TIME",
        help="When it closes then (a bare date: its end); else when it was to close before.",
    ),
]
NewEnd = Annotated[
    str,
    typer.Option(
        "--until",
        metavar="TIME",
        help="No voucher of the round ends before TIME (a bare date: its end).",
    ),
]
NewPack = Annotated[
    str, typer.Option("--template", metavar="CODE[@V]", help="Another card pack or version.")
]
Sibling = Annotated[
    Optional[str],
    typer.Option("--code", metavar="NEW", help="The sibling's code (else CODE-b, CODE-c ...)."),
]
ReplacedBy = Annotated[
    Optional[int],
    typer.Option(
        "--packs",
        metavar="N",
        min=1,
        max=10**9,
        help="How many packs the sibling has (else what the money that is left buys).",
    ),
]
PublicRandomness = Annotated[
    Optional[str],
    typer.Option(
        "--public-randomness",
        metavar="TEXT",
        help="A text nobody could foresee, mixed into the seed.",
    ),
]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why: the maker reads it.")]
