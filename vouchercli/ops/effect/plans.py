"""effect plan: how the effect of a round will be estimated, sealed before it opens, and what its
platform is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.formats import whole_files
from vouchercli.formats.configs.fields import CELLS, FIELDS_OF
from vouchercli.ops.intake.blanks import MEANINGS
from vouchercli.ops.rounds.lookup import changing
from vouchercli.result import Column, Outcome, Table, say
from vouchercli.rules import effects as law
from vouchercli.rules import rounds as rounds_law
from vouchercli.rules import times
from vouchercli.store import arms
from vouchercli.store import effects as store

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Row
    from vouchercli.rules.effects import Plan
    from vouchercli.session import Session

TERMS = (
    Column("round", "Round"),
    Column("method", "Method", "word"),
    Column("outcome", "What is measured", "word"),
    Column("windows", "Weeks"),
    Column("population", "Of whom"),
    Column("strata", "Strata"),
    Column("smallest", "Smallest cell", "int"),
    Column("before", "Weeks before", "int"),
    Column("bandwidth", "Bandwidth", "int"),
    Column("donut", "Donut", "int"),
    Column("widths", "Width goes by", "word"),
    Column("districts", "Districts", "int"),
    Column("sha256", "Digest of the plan"),
)
ASKED = (Column("column", "Column"), Column("meaning", "What it holds", "word"))


class Wanted(NamedTuple):
    """What the command asks to be planned (None: as usual)."""

    outcome: str | None = None
    windows: str | None = None
    method: str | None = None
    population: str | None = None
    strata: str | None = None
    smallest: int | None = None
    before: int | None = None
    bandwidth: int | None = None
    donut: int | None = None
    widths: str | None = None
    districts: int | None = None


def seal(session: Session, code: str, wanted: Wanted, to: Path | None) -> Outcome:
    """Seal the plan of a round and write the header of what its platform is asked for. A later plan
    takes the place of an earlier one until the round opens. Raises `plan_too_late`,
    `method_not_possible`, `bad_plan`, `file_exists`.
    """
    if to is not None and to.exists():
        raise whole_files.in_the_way(to)
    with changing(session, code) as current:
        _require_before(current)
        plan = make(law.unplanned(current.code, current.row["mode"]), current.row["mode"], wanted)
        before = store.sealed(session.db, current.round_id)
        store.seal(session, current.round_id, plan)
        current.note(
            "effect.plan",
            before=None if before is None else before.sha256,
            after=plan.sha256,
            method=plan.method,
            outcome=plan.outcome,
            weeks=[*plan.windows],
        )
        other = arms.arm_of(session.db, current.round_id)
    if to is not None and not session.dry_run:
        whole_files.write_new(to, header().encode())
    return _answer(current, plan, other, to)


def _require_before(current: RoundAtHand) -> None:
    is_before = current.row["state"] in rounds_law.BEFORE_OPENING
    if is_before and current.now < current.row["opens_at"]:
        return
    raise VoucherError(
        "plan_too_late",
        "{round} opened at {at}: a plan that is made when figures may be known binds nobody",
        hint="without a plan: voucher effect estimate {round}",
        round=current.code,
        at=current.local_time("opens_at"),
    )


def make(usual: Plan, mode: str, wanted: Wanted) -> Plan:
    """The plan with what was asked for in place of what is usual. Raises `UsageFault`
    method_not_possible, bad_plan.
    """
    plan = usual
    if wanted.method is not None and wanted.method != usual.method:
        if wanted.method not in law.METHODS[mode]:
            raise UsageFault(
                "method_not_possible",
                "the issuance of {round} gives no comparison by {method}",
                hint="choose one of: {known}",
                round=usual.round,
                method=wanted.method,
                known=", ".join(law.METHODS[mode]),
            )
        bandwidth, donut = law.width(wanted.method)
        plan = plan._replace(method=wanted.method, bandwidth=bandwidth, donut=donut, districts=0)
    if wanted.outcome is not None and wanted.outcome not in law.OUTCOMES:
        raise _bad("--outcome", wanted.outcome, ", ".join(law.OUTCOMES))
    if wanted.widths is not None and wanted.widths not in law.WIDTHS:
        raise _bad("--widths", wanted.widths, ", ".join(law.WIDTHS))
    try:
        weeks = plan.windows if wanted.windows is None else law.read_weeks(wanted.windows)
    except ValueError:
        raise _bad("--window", wanted.windows or "", "1,4,16") from None
    given = wanted._asdict() | {"windows": weeks}
    plan = plan._replace(**{name: value for name, value in given.items() if value is not None})
    if plan.method in law.AT_A_LIMIT and plan.donut >= plan.bandwidth:
        raise _bad("--donut", str(plan.donut), str(plan.bandwidth - 1))
    if plan.districts and plan.method != "waves":
        raise _bad("--districts", str(plan.districts), "--method waves")
    return plan


def _bad(option: str, value: str, example: str) -> UsageFault:
    return UsageFault(
        "bad_plan",
        "{option} {value} cannot be planned",
        hint="write it like {example}",
        option=option,
        value=value,
        example=example,
    )


def header() -> str:
    """The header of the cells that are asked for, its columns in order."""
    return ",".join(FIELDS_OF[CELLS]) + "\n"


def _answer(current: RoundAtHand, plan: Plan, other: str | None, to: Path | None) -> Outcome:
    row: Row = plan._asdict() | {
        "method": law.METHOD_WORDS[plan.method],
        "outcome": law.OUTCOMES[plan.outcome],
        "windows": ", ".join(map(str, plan.windows)),
        "sha256": plan.sha256,
        "bandwidth": plan.bandwidth or None,
        "donut": plan.donut if plan.bandwidth else None,
        "widths": law.WIDTHS[plan.widths] if plan.bandwidth else None,
        "districts": plan.districts or None,
    }
    data: dict[str, Any] = {
        "round": plan.round,
        "plan": plan._asdict() | {"windows": [*plan.windows]},
        "sha256": plan.sha256,
        "other_arm": other,
        "order": None if to is None else str(to),
    }
    tables = (
        Table(
            say("Plan of {round}", round=plan.round),
            TERMS,
            [row],
            notes=_refusals(plan),
            is_record=True,
        ),
        Table(
            say("What the platform is asked for"),
            ASKED,
            [{"column": name, "meaning": MEANINGS[CELLS][name].what} for name in FIELDS_OF[CELLS]],
            notes=(
                say(
                    "Each row is a group of at least {smallest} people; a smaller one is joined"
                    " with its neighbour before it is sent. No number of a person is asked for.",
                    smallest=plan.smallest,
                ),
            ),
            key="asked",
        ),
    )
    sealed = say(
        "sealed before {round} opens at {at}; the log has the digest {sha256}",
        round=plan.round,
        at=times.shown(current.row["opens_at"], current.zone),
        sha256=plan.sha256[:12],
    )
    more = () if to is None else (say("{file} is the header for the platform", file=str(to)),)
    return Outcome(data, tables, says=(sealed, *more))


def _refusals(plan: Plan) -> tuple[Any, ...]:
    """What is refused: said before anything is known."""
    if plan.method == "none":
        return (say("Bounds alone will be given: nothing here gives a comparison."),)
    usual = say(
        "A point is given only where losers are among the cells, the groups were alike before"
        " the opening, and no effect shows there (chance alone: 1 in 100)."
    )
    if plan.method != "waves":
        return (usual,)
    alike = say(
        "Of districts at least {cohort} must begin in the same week, each with all weeks that are"
        " compared, and {window} in all must have vouchers in a window.",
        cohort=law.LEAST_DISTRICTS,
        window=law.LEAST_IN_WINDOW,
    )
    if plan.districts:
        whole = say("The cells must tell of all {districts} districts.", districts=plan.districts)
    else:
        whole = say(
            "How many districts there are was not said (--districts): whether the platform leaves"
            " some out will not be known."
        )
    return usual, alike, whole
