"""Draft a family of rounds: one for each face, each platform, or each of both; show it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.rounds import approvals, drafts, plans, tables
from vouchercli.ops.rounds import rounds as round_commands
from vouchercli.ops.rounds.lookup import look_up
from vouchercli.result import Outcome, Table, say
from vouchercli.rules import families as law
from vouchercli.rules import money
from vouchercli.rules import templates as packs_law
from vouchercli.store import audit, programmes, rounds, templates
from vouchercli.store.db import reading, writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from vouchercli.result import Message, Problem
    from vouchercli.session import Session

    Value = TypeVar("Value")


def create(session: Session, code: str, given: Mapping[str, Any]) -> Outcome:
    """Draft a round, or a family where faces or shares of platforms are said."""
    if given["faces"] or "%" in (given["platform"] or ""):
        return _create_family(session, code, given)
    if given["each"]:
        raise UsageFault(
            "each_of_a_family",
            "--each is about a family of rounds, and this is one round",
            hint="leave it out; how many packs one person may have: --per-resident N",
        )
    return drafts.create_round(session, code, given)


def _create_family(session: Session, family: str, given: Mapping[str, Any]) -> Outcome:
    """Draft every round of a family, or none. `given` as for `drafts.create_round`, with `faces`
    and shares of platforms as they were typed.
    """
    members = _members(family, given)
    with writing(session) as db:
        programme = programmes.current(db, session.programme)
        drafts.check_code(db, programme["programme_id"], family)
        base = templates.referenced(db, given["template"])
        kept = {"family": family, "one_of": int(not given["each"])}
        for member in members:
            pack = base if member.face is None else _derive(session, base, member.face)
            terms = {**given, "packs": member.packs, "budget": None}
            terms["platform"] = member.platform or given["platform"]
            drafts.draft(session, member.code, terms, pack, kept)
        return _answer(session, programme, family)


def _members(family: str, given: Mapping[str, Any]) -> tuple[law.Member, ...]:
    faces, platform = given["faces"], given["platform"] or ""
    if faces and (given["packs"] is not None or given["budget"] is not None):
        raise UsageFault(
            "packs_and_faces",
            "--faces says how many packs each face has; --packs and --budget say it again",
            hint="leave --packs and --budget out",
        )
    if not faces and given["packs"] is None:
        raise UsageFault(
            "no_packs_to_share",
            "nothing says how many packs the platforms share",
            hint="add --packs N",
        )
    members = law.members(
        family,
        _read("--faces", faces, law.read_faces, "90-300:480000,180-500:240000") if faces else (),
        _read("--platform", platform, law.read_platforms, "alipay:40%,wechat:60%")
        if "%" in platform
        else (),
        given["packs"],
    )
    if without := next((each for each in members if not each.packs), None):
        raise UsageFault(
            "too_few_packs",
            "{round} would have no pack: there are fewer packs than its share needs",
            hint="give more packs, or fewer platforms",
            round=without.code,
        )
    return members


def _read(option: str, text: str, read: Callable[[str], Value], example: str) -> Value:
    try:
        return read(text)
    except ValueError as error:
        raise UsageFault(
            "bad_family",
            "{option} cannot be read at {part}: each part stands once, is more than 0, and shares"
            " are 100% together",
            hint="write it like {example}",
            option=option,
            part=str(error) or "–",
            example=example,
        ) from error


def _derive(session: Session, base: sqlite3.Row, face: law.Face) -> sqlite3.Row:
    """The template of a face: the base with this denomination and threshold, kept as a version of
    its own with its line in the log.
    """
    document = templates.document(base)
    coupons = document["coupons"]
    if len(coupons) != 1 or coupons[0].get("kind") != "amount_off":
        raise VoucherError(
            "no_single_face",
            "template {template} does not have one coupon line of kind amount_off, whose face"
            " --faces could replace",
            hint="choose a template with one such line",
            template=base["template"],
        )
    sums = {
        "denomination": money.yuan(face.denomination_fen),
        "threshold": money.yuan(face.threshold_fen),
    }
    code = f"{base['template']}-{face.code}"
    document = {**document, "template": code, "coupons": [{**coupons[0], **sums}]}
    template, faults = packs_law.read(document)
    if template is None:
        raise VoucherError(
            "bad_face",
            "{template} cannot have the face {face}",
            hint="voucher template show {template}",
            template=base["template"],
            face=face.code,
            problems=[fault.problem() for fault in faults],
        )
    from vouchercli.ops.setup import configs  # reads YAML: only where a face makes a template

    digest = configs.digest(template)
    latest = templates.find(session.db, code)
    row = templates.save(session.db, template, document, digest, session.now)
    if latest is None or row["version"] != latest["version"]:
        audit.note(
            session,
            "template.add",
            f"{code}@{row['version']}",
            derived_from=f"{base['template']}@{base['version']}",
            digest=digest,
            before=templates.document(latest) if latest is not None else None,
            after=document,
        )
    return row


def find(session: Session, code: str) -> list[str]:
    """The codes of the rounds of that family; none: no family is called so."""
    programme = programmes.current(session.db, session.programme)
    rows = rounds.of_family(session.db, programme["programme_id"], code)
    return [row["round"] for row in rows]


def each(session: Session, code: str, deed: Callable[[Session, str], Outcome]) -> Outcome:
    """Do a deed to the round of that code, or to every round of the family of that code: to all of
    them or, when one refuses, to none.
    """
    codes = find(session, code)
    if not codes:
        return deed(session, code)
    with writing(session):
        inner = session._replace(joins=True, dry_run=False)
        outcomes = [deed(inner, member) for member in codes]
        programme = programmes.current(session.db, session.programme)
        rows = rounds.of_family(session.db, programme["programme_id"], code)
    return Outcome(
        {"family": code},
        tables=(_tabulate(programme, rows),),
        says=(*(outcome.says[0] for outcome in outcomes if outcome.says), _sum_up(code, rows)),
        problems=tuple(problem for outcome in outcomes for problem in outcome.problems),
    )


def describe_waiting(session: Session, code: str) -> Message | None:
    """What somebody is about to approve, in a sentence; None when nothing waits."""
    codes = find(session, code)
    if not codes:
        return approvals.describe_waiting(session, code)
    waiting = [approvals.describe_waiting(session, member) for member in codes]
    if not any(waiting):
        return None
    programme = programmes.current(session.db, session.programme)
    return _sum_up(code, rounds.of_family(session.db, programme["programme_id"], code))


def show(session: Session, code: str) -> Outcome:
    """Show the rounds of a family with their sums, or the one round of that code."""
    programme = programmes.current(session.db, session.programme)
    rows = rounds.of_family(session.db, programme["programme_id"], code)
    if not rows:
        return round_commands.show_round(session, code)
    return Outcome({"family": code}, (_tabulate(programme, rows),), (_sum_up(code, rows),))


def plan(session: Session, code: str) -> Outcome:
    """Foresee the rounds of a family: the money of all together, and each round's own plan in JSON;
    or the one round of that code.
    """
    codes = find(session, code)
    if not codes:
        return plans.plan_round(session, code)
    with reading(session):
        programme = programmes.current(session.db, session.programme)
        rows = rounds.of_family(session.db, programme["programme_id"], code)
        liability = plans.list_liability([look_up(session, each) for each in codes])
        each_one = [plans.plan_round(session, each) for each in codes]
    money_of_all = Table(
        say("Plan of the family {family}", family=code), plans.LIABILITY, liability, key="liability"
    )
    told: list[Problem] = []
    for outcome in each_one:
        told += [
            problem
            for problem in outcome.problems
            if problem.code != "fund_short" and problem not in told  # of the money of all, below
        ]
    return Outcome(
        {"family": code, "plans": [outcome.data for outcome in each_one]},
        (money_of_all, _tabulate(programme, rows)),
        (
            _sum_up(code, rows),
            say(
                "of one round, with its dates and people: voucher round plan {round}",
                round=codes[0],
            ),
        ),
        (*plans.warn_of_short_funds(liability), *told),
    )


def _tabulate(programme: sqlite3.Row, rows: list[sqlite3.Row]) -> Table:
    return replace(tables.tabulate_rounds(programme), rows=[dict(row) for row in rows])


def _sum_up(family: str, rows: list[sqlite3.Row]) -> Message:
    return say(
        "family {family}: {rounds:,} rounds, {claimed:,} of {packs:,} packs claimed, {quota} yuan"
        " at most",
        family=family,
        rounds=len(rows),
        claimed=sum(row["claimed"] for row in rows),
        packs=sum(row["packs"] for row in rows),
        quota=money.grouped(sum(row["quota_fen"] for row in rows)),
    )


def _answer(session: Session, programme: sqlite3.Row, family: str) -> Outcome:
    rows = rounds.of_family(session.db, programme["programme_id"], family)
    is_one_of = rows[0]["one_of"]
    return Outcome(
        {"family": family},
        tables=(_tabulate(programme, rows),),
        says=(
            _sum_up(family, rows),
            say("a person has one pack of the family (--each: one of each round)")
            if is_one_of
            else say("a person may have packs of each round of the family"),
            say("next: voucher round submit {family}", family=family),
        ),
    )
