"""Draft a round: create, edit, copy; choose its terms and defaults, and refuse terms that do not
fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli import identities
from vouchercli.errors import UsageFault, VoucherError
from vouchercli.ops.rounds import arms, carry_overs, commitments
from vouchercli.ops.rounds import rounds as round_commands
from vouchercli.ops.rounds.lookup import changing, look_up, require
from vouchercli.result import Problem, Word, say
from vouchercli.rules import later, limit_words, money, times
from vouchercli.rules import limits as limits_law
from vouchercli.rules import rounds as law
from vouchercli.rules import templates as packs_law
from vouchercli.store import amendments, authors, draws, programmes, proposals, rounds, templates
from vouchercli.store import arms as arms_store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from vouchercli.ops.rounds.lookup import RoundAtHand
    from vouchercli.result import Message, Outcome
    from vouchercli.rules.programmes import Programme
    from vouchercli.rules.templates import Template
    from vouchercli.session import Session

COLUMNS = (
    "template_id",
    "mode",
    "packs",
    "opens_at",
    "closes_at",
    "registration_opens_at",
    "platform",
    "resident_group",
    "per_resident",
    "hands_winners",
    "lead_id",
)

Member = dict[str, Any]  # the code of its family, and whether a person has a pack of one of it
ALONE: Member = {"family": "", "one_of": 0}


def create_round(
    session: Session, code: str, given: Mapping[str, Any], member: Member = ALONE
) -> Outcome:
    """Create a draft. `given` are the options (None: not given), times in UTC seconds.

    Unless said: mode fcfs; per resident what the programme allows; closing when a voucher claimed
    at the opening expires.
    """
    with writing(session) as db:
        pack = templates.referenced(db, given["template"])
        current = draft(session, code, given, pack, member)
        return _answer_with_draft(current, problems=_find_silent_limits(current))


def draft(
    session: Session, code: str, given: Mapping[str, Any], pack: sqlite3.Row, member: Member = ALONE
) -> RoundAtHand:
    """Add one new draft with its line in the log, in the caller's transaction; `member`: what it is
    to its family.
    """
    row = programmes.current(session.db, session.programme)
    programme = programmes.value(row)
    check_code(session.db, row["programme_id"], code)
    usual = {
        "mode": "fcfs",
        "platform": "",
        "resident_group": "",
        "per_resident": programme.limits.packs_per_resident_per_round,
        "hands_winners": 0,
        **arms.shared_terms(session, given.get("arm_of")),
    }
    terms = _choose_terms(programme, pack, given, usual)
    arms.check(session, terms)
    current = _add_draft(session, row["programme_id"], code, terms, member)
    said = member if member["family"] else {}
    current.note("round.create", before=None, after={"state": "draft", **terms, **said})
    return current


def _add_draft(
    session: Session,
    programme_id: int,
    code: str,
    terms: Mapping[str, Any],
    member: Member = ALONE,
) -> RoundAtHand:
    """Add the new draft and record its author."""
    who = {"actor": session.actor, "now": session.now, **member}
    rounds.add(session.db, {**terms, **who, "programme_id": programme_id, "round": code})
    current = look_up(session, code)
    authors.add(session, current.round_id, 1)
    return current


def _find_silent_limits(current: RoundAtHand) -> tuple[Problem, ...]:
    """Limits of the programme that name words, none of which this round goes by."""
    words = frozenset(
        (current.code, current.row["family"], current.template.template, current.template.kind)
    )
    return tuple(
        Problem(
            "silent_limit",
            "{limit} does not limit round {round}: of {words} none is its code, its template or"
            " the kind of its template",
            level="warning",
            hint="write `kind` in the template, or the template in the programme's limits",
            params={"limit": Word(name), "round": current.code, "words": ", ".join(named)},
        )
        for name, named in limit_words.silent(current.programme.limits, words)
    )


def edit_round(session: Session, code: str, given: Mapping[str, Any]) -> Outcome:
    """Give a round new terms before the opening: it is a draft again, its approvals are void, its
    committed money is released.

    Terms that stand already change nothing.
    """
    if all(value is None for value in given.values()):
        raise UsageFault(
            "nothing_to_edit",
            "say what to change, for example --packs or --opens-at",
            hint="voucher round edit --help",
        )
    with changing(session, code) as current:
        row = current.row
        require("edit", current)
        before = {column: row[column] for column in COLUMNS}
        terms = _choose_terms(
            current.programme,
            templates.referenced(current.db, given["template"] or row["pinned"]),
            given,
            before,
        )
        terms["lead_id"] = arms.choose_lead(session, code, given.get("arm_of"), before["lead_id"])
        arms.check(session, terms, current)
        if terms == before:
            return round_commands.answer_with_round(
                current,
                say("round {round} has these terms already; nothing was changed", round=code),
            )
        changed = [column for column in COLUMNS if terms[column] != before[column]]
        if not {*changed} <= {"opens_at", "closes_at"}:
            refuse_published(current)
        released = commitments.release(current, "round.edit")
        rounds.revise(current.db, current.round_id, terms, session.actor)
        authors.add(session, current.round_id, row["revision"] + 1)
        proposals.void(current.db, current.subject, current.now)
        if terms["packs"] != before["packs"]:
            amendments.forget_roll_in(current.db, current.round_id)
        current.note(
            "round.edit",
            revision=row["revision"] + 1,
            before={
                "state": row["state"],
                "committed": released,
                **{column: before[column] for column in changed},
            },
            after={"state": "draft", **{column: terms[column] for column in changed}},
        )
        hint = "the next order goes out once the round is approved again"
        edited = look_up(session, code)
        return _answer_with_draft(
            edited,
            *(_say_change(current, edited, column) for column in changed),
            is_edited=True,
            problems=round_commands.warn_of_orders_out(current, hint),
        )


TERMS = {
    "template_id": Word("template"),
    "packs": Word("packs"),
    "per_resident": Word("per resident"),
    "mode": Word("mode"),
    "platform": Word("platform"),
    "resident_group": Word("group"),
    "opens_at": Word("opens"),
    "closes_at": Word("closes"),
    "registration_opens_at": Word("registration opens"),
    "hands_winners": Word("lots drawn"),
    "lead_id": Word("drawn with"),
}


def _say_change(before: RoundAtHand, after: RoundAtHand, column: str) -> Message:
    """Say what a term was and what it is now."""
    was, now = (_show_term(each, column) for each in (before, after))
    return say("{term}: {before} → {after}", term=TERMS[column], before=was, after=now)


def _show_term(current: RoundAtHand, column: str) -> str:
    value = current.row["pinned" if column == "template_id" else column]
    if value in (None, ""):
        return "–"
    if column.endswith("_at"):
        return current.local_time(column)
    if column == "hands_winners":
        return Word(current.drawn) if current.drawn else "–"
    if column == "lead_id":
        return arms_store.code_of(current.db, value)
    if column == "mode":
        return Word(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def refuse_published(current: RoundAtHand) -> None:
    """Raise `entrants_published` once the list of who takes part in a lottery is out: whoever has
    read it could choose the winners with the number of places or who may have a pack.
    """
    if current.row["mode"] != "lottery":
        return
    published_at = draws.published_at(current.db, current.round_id)
    if published_at is not None:
        raise VoucherError(
            "entrants_published",
            "the list of entrants of {round} was published at {at}: its places and terms stand,"
            " only its times may move",
            hint="voucher round reschedule {round}, or another lottery: voucher round copy {round}"
            " NEW --opens-at TIME",
            round=current.code,
            at=current.local_time(published_at),
        )


def copy_round(session: Session, code: str, new: str, given: Mapping[str, Any]) -> Outcome:
    """Copy a round as the draft of the next one: same terms, same length, registration as long
    before; `given` replaces them.

    Unless `given` says how many packs, what this round did not use is rolled in where the
    programme's policy says so.
    """
    with changing(session, code) as earlier:
        old = earlier.row
        check_code(earlier.db, old["programme_id"], new)
        shift = given["opens_at"] - old["opens_at"]
        usual: dict[str, Any] = {column: old[column] for column in COLUMNS} | {"lead_id": None}
        usual["closes_at"] = (
            None
            if given["template"] or earlier.template.validity.last_end
            else old["closes_at"] + shift
        )
        usual["registration_opens_at"] = (
            None if old["registration_opens_at"] is None else old["registration_opens_at"] + shift
        )
        pack = templates.referenced(earlier.db, given["template"] or old["pinned"])
        carry_over = carry_overs.foresee(
            earlier, pack["pack_value_fen"], is_said=given["packs"] is not None
        )
        usual["packs"] = carry_over.base + carry_over.packs
        terms = _choose_terms(earlier.programme, pack, given, usual)
        terms["lead_id"] = arms.choose_lead(session, new, given.get("arm_of"), None)
        arms.check(session, terms)
        later = _add_draft(session, old["programme_id"], new, terms)
        more = {}
        if carry_over.packs:
            more["rolled_in"] = {
                "unclaimed": carry_over.unclaimed,
                "expired_fen": carry_over.expired_fen,
                "packs": carry_over.packs,
            }
            amendments.roll_in(earlier.db, later.round_id, earlier.round_id, **more["rolled_in"])
        after = {"state": "draft", **terms}
        later.note("round.create", before=None, after=after, copied_from=code, **more)
        return _answer_with_draft(later, *filter(None, [carry_over.message]))


def _answer_with_draft(
    current: RoundAtHand,
    *more: Message,
    is_edited: bool = False,
    problems: tuple[Problem, ...] = (),
) -> Outcome:
    row, code, opens_at = current.row, current.code, current.local_time("opens_at")
    late = Problem(
        "opening_past",
        "round {round} opens at {opens_at}, which has passed",
        level="warning",
        hint="to enter an old round as of its time, add --now TIME",
        params={"round": code, "opens_at": opens_at},
    )
    return round_commands.answer_with_round(
        current,
        say(
            "changed {round}, which is a draft: {packs:,} packs of {template}, {quota} yuan at most"
            if is_edited
            else "drafted {round}: {packs:,} packs of {template}, {quota} yuan at most",
            round=code,
            packs=row["packs"],
            template=row["pinned"],
            quota=money.grouped(row["quota_fen"]),
        ),
        say(
            "claims count from {opens_at} to {closes_at}",
            opens_at=opens_at,
            closes_at=current.local_time("closes_at"),
        ),
        *more,
        say("next: voucher round plan {round}, then voucher round submit {round}", round=code),
        problems=(
            *((late,) if row["opens_at"] < current.now else ()),
            *commitments.warn_of_missing_money(current),
            *_warn_of_draw_elsewhere(current),
            *problems,
        ),
    )


def _warn_of_draw_elsewhere(current: RoundAtHand) -> tuple[Problem, ...]:
    """Warn that nobody here knows who won a lottery that a platform issues: its claims are judged
    as those of any round.
    """
    if current.drawn != "platform":
        return ()
    return (
        Problem(
            "drawn_elsewhere",
            "round {round} is drawn by {platform}: it cannot be drawn here, and no claim is refused"
            " because its resident did not win",
            level="warning",
            hint="to draw here and hand the winners on: voucher round edit {round} --drawn here",
            params={"round": current.code, "platform": current.row["platform"]},
        ),
    )


# ---------------------------------------------------------------- terms


def _choose_terms(
    programme: Programme, pack: sqlite3.Row, given: Mapping[str, Any], usual: Mapping[str, Any]
) -> dict[str, Any]:
    """Choose the columns of a round: what is given, else what is usual; refuse them when they do
    not fit together or the programme.
    """
    template = templates.value(pack)
    chosen = {
        **given,
        "template_id": pack["template_id"],
        "platform": _strip(given["platform"]),
        "resident_group": _strip(given["group"]),
        "packs": _count_packs(given, pack["pack_value_fen"]),
        "hands_winners": None,  # as it was, until `_choose_drawn` has seen the mode and platform
        "lead_id": None,
    }
    terms: dict[str, Any] = {
        column: usual.get(column) if chosen[column] is None else chosen[column]
        for column in COLUMNS
    }
    if terms["packs"] is None:
        raise UsageFault(
            "no_packs",
            "nothing says how many packs there are",
            hint="add --packs N, or --budget YUAN",
        )
    if terms["mode"] == "instant":
        raise UsageFault(
            "unknown_mode",
            "an instant discount is a first-come round whose template says validity: at_once",
            hint="leave --mode out, and choose such a template",
        )
    if terms["mode"] not in law.MODES:
        clause = later.of_word("mode", terms["mode"])
        raise UsageFault(
            "unknown_mode",
            "there is no mode {mode}",
            hint="choose one of: {known}",
            problems=[clause.problem()] if clause else (),
            mode=terms["mode"],
            known=", ".join(law.MODES),
        )
    if terms["closes_at"] is None and template.validity.is_at_once:
        raise UsageFault(
            "no_closing",
            "{template} is used in the moment of its claim: nothing says when its round closes",
            hint="add --closes-at TIME",
            template=template.template,
        )
    if template.validity.is_stated and not terms["platform"]:
        raise UsageFault(
            "platform_needed",
            "the platform states when vouchers of {template} end, and no platform issues the round",
            hint="add --platform NAME",
            template=template.template,
        )
    if terms["closes_at"] is None:
        terms["closes_at"] = packs_law.expires_at(template, terms["opens_at"], programme.time_zone)
    for option, column in (("--platform", "platform"), ("--group", "resident_group")):
        _refuse_people(option, chosen[column] or "")
    check_funding(programme, template)
    terms["hands_winners"] = _choose_drawn(given.get("drawn"), terms)
    terms["per_resident"] = (
        1 if terms["hands_winners"] else limits_law.per_round(terms["mode"], terms["per_resident"])
    )
    _check_amounts(programme, terms, pack)
    check_times(programme, template, terms)
    check_platform(programme, template, terms)
    return terms


def _choose_drawn(drawn: str | None, terms: Mapping[str, Any]) -> int:
    """Whether the winners are drawn here and handed to the platform, which is said of a lottery
    that a platform issues: a winner has one pack. Raises `unknown_drawn`, `not_drawn_by_lot`,
    `drawn_here_only`.
    """
    is_lottery, platform = terms["mode"] == "lottery", terms["platform"]
    if drawn is None:
        return int(bool(terms["hands_winners"]) and is_lottery and bool(platform))
    if drawn not in law.DRAWN:
        raise UsageFault(
            "unknown_drawn",
            "lots are drawn here or by the platform, not {drawn}",
            hint="--drawn here, or --drawn platform",
            drawn=drawn,
        )
    if not is_lottery:
        raise UsageFault(
            "not_drawn_by_lot",
            "--drawn is said of a lottery, and this round is {mode}",
            hint="add --mode lottery, or leave --drawn out",
            mode=Word(terms["mode"]),
        )
    if drawn == "platform" and not platform:
        raise UsageFault(
            "drawn_here_only",
            "no platform issues the round: nobody but us can draw its lots",
            hint="add --platform NAME, or leave --drawn out",
        )
    return int(drawn == "here" and bool(platform))


def check_platform(programme: Programme, template: Template, terms: Mapping[str, Any]) -> None:
    """Raise `platform_limits` when the round's platform does not take it so."""
    if terms["platform"]:
        from vouchercli.ops.rounds import issuance_orders  # reads YAML: only for a platform

        issuance_orders.refuse_unfit(programme, template, terms)


def _strip(text: str | None) -> str | None:
    return None if text is None else text.strip()


def check_funding(programme: Programme, template: Template) -> None:
    """Raise `foreign_funding`, with every fault, when the template names funders that the programme
    does not have.
    """
    faults = packs_law.strangers(template, programme)
    if faults:
        raise VoucherError(
            "foreign_funding",
            "template {template} does not fit programme {programme}: the programme does not have"
            " its funders",
            hint="voucher programme show {programme}",
            template=template.template,
            programme=programme.programme,
            problems=[
                Problem(fault.code, fault.text, hint=fault.suggestion, params=fault.params)
                for fault in faults
            ],
        )


def _check_amounts(programme: Programme, terms: Mapping[str, Any], pack: sqlite3.Row) -> None:
    limit = programme.limits.packs_per_resident_per_round
    if terms["per_resident"] > limit:
        raise VoucherError(
            "above_limit",
            "{packs} packs for one resident are too many: programme {programme} allows {limit} a"
            " round",
            hint="--per-resident {limit}, or change the programme's limits",
            packs=terms["per_resident"],
            programme=programme.programme,
            limit=limit,
        )
    check_amount(terms["packs"], pack["pack_value_fen"])


def _count_packs(given: Mapping[str, Any], value_fen: int) -> int | None:
    """The packs that are given, or those that the budget can pay; None: neither is given."""
    packs, budget = given["packs"], given.get("budget")
    if budget is None:
        return None if packs is None else int(packs)
    if packs is not None:
        raise UsageFault(
            "packs_and_budget",
            "--budget and --packs say the same thing in two ways",
            hint="leave one of them out",
        )
    if budget < value_fen:
        raise UsageFault(
            "budget_too_small",
            "{budget} yuan pay no pack of {value} yuan",
            hint="a larger --budget, or a smaller pack",
            budget=money.grouped(budget),
            value=money.grouped(value_fen),
        )
    return int(budget // value_fen)


def check_amount(packs: int, value_fen: int) -> None:
    """Raise `round_too_large` for packs that no budget could pay."""
    if packs * value_fen > money.MAX_FEN:
        raise VoucherError(
            "round_too_large",
            "{packs:,} packs of {value} yuan exceed any budget",
            hint="check the number after --packs",
            packs=packs,
            value=money.grouped(value_fen),
        )


def _find_last_end(template: Template, opens_at: int, zone: str) -> int | None:
    """Find the moment after which no voucher of the round is valid; None: each has its own."""
    if template.validity.is_one_end:
        return packs_law.expires_at(packs_law.of_round(template, opens_at), opens_at, zone)
    last_end = template.validity.last_end
    return None if last_end is None else times.parse(last_end, zone)


def check_times(programme: Programme, template: Template, terms: Mapping[str, Any]) -> None:
    """Raise unless opening, closing and registration are in order and no claim would get a voucher
    that is over, nor every claim one that is over before it can be used.
    """
    zone = programme.time_zone
    opens_at, closes_at, registration = (
        terms["opens_at"],
        terms["closes_at"],
        terms["registration_opens_at"],
    )
    last_end = _find_last_end(template, opens_at, zone)
    if last_end is not None and closes_at > last_end:
        raise VoucherError(
            "closes_after_validity",
            "claims are accepted until {closes_at}, but the vouchers end at {until}",
            hint='add --closes-at "{until}", or take a template with a later end',
            closes_at=times.shown_end(closes_at, zone),
            until=times.shown_end(last_end, zone),
        )
    if closes_at <= opens_at:
        raise VoucherError(
            "closes_before_opening",
            "the round would close at {closes_at}, not after its opening at {opens_at}",
            hint="give a later --closes-at",
            closes_at=times.shown_end(closes_at, zone),
            opens_at=times.shown(opens_at, zone),
        )
    _require_usable(packs_law.of_round(template, opens_at), opens_at, closes_at, zone)
    if registration is not None and registration >= opens_at:
        raise VoucherError(
            "registration_too_late",
            "registration would open at {registration}, not before the round at {opens_at}",
            hint="give an earlier --registration-opens",
            registration=times.shown(registration, zone),
            opens_at=times.shown(opens_at, zone),
        )


def _require_usable(template: Template, opens_at: int, closes_at: int, zone: str) -> None:
    """Raise `never_usable` where every claim would get vouchers that end before they begin."""
    useless = packs_law.find_useless_claims(template, opens_at, closes_at, zone)
    if useless and useless.is_every:
        raise VoucherError(
            "never_usable",
            "a voucher claimed at {claimed_at} could be used from {usable} on, and ends at {end}",
            hint="take a template with another not_before or a later end, or let claiming begin"
            " later or close earlier",
            claimed_at=times.shown(useless.claimed_at, zone),
            usable=times.shown(useless.usable, zone),
            end=times.shown_end(useless.end, zone),
        )


def _refuse_people(what: str, text: str) -> None:
    """Refuse a name that is a person's number or address: it is kept, shown and sent."""
    if identities.find(text):
        raise VoucherError(
            "identity_in_name",
            "{what} cannot be a person's number or e-mail address: {name}",
            hint="choose a name or a code",
            what=what,
            name=text,
        )


def check_code(db: sqlite3.Connection, programme_id: int, code: str) -> None:
    """Refuse a code with characters that are not allowed, or one that another round has, in
    whatever case.
    """
    _refuse_people(Word("a round's code"), code)
    if not law.is_code(code):
        raise VoucherError(
            "bad_round_code",
            "{round} cannot be a round's code: use at most 40 ASCII letters, digits, - _ .",
            hint="use {suggestion}",
            round=code,
            suggestion=law.suggested_code(code),
        )
    for standing in (*rounds.codes(db, programme_id), *rounds.families(db, programme_id)):
        if standing.casefold() == code.casefold():
            raise VoucherError(
                "round_exists",
                "round {standing} already exists",
                hint="voucher round show {standing}",
                standing=standing,
            )
