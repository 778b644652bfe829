"""From a printed notice to a programme and its template, two files to be compared with the notice.

Nothing is guessed: what a notice must say is asked for, and what nobody answered is not written.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vouchercli.errors import UsageFault
from vouchercli.formats import whole_files
from vouchercli.ops.setup import configs, new_files
from vouchercli.ops.setup.notice_questions import (
    OF_OPTION,
    PROGRAMME,
    QUESTIONS,
    ROUND,
    TEMPLATE,
    Question,
)
from vouchercli.result import Outcome, Problem, say
from vouchercli.rules import programmes, templates, times

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vouchercli.documents import Fault
    from vouchercli.ops.setup.new_files import FirstRound, Translate

    Answers = Mapping[str, Sequence[str]]
    Documents = dict[str, dict[str, Any]]


ORDER = {
    PROGRAMME: (*programmes.Programme.__annotations__,),
    TEMPLATE: (*templates.Template.__annotations__,),
    ROUND: (*new_files.FirstRound.__annotations__,),
}
# What a pattern does not give: its name, people and days off, its sources, what others published.
OWN = {"programme", "template", "name", "issuer", "staff", "calendar", "declared", "published"}
OWN |= {"source", "assumption", "not_enforced"}
SHARE = "share"
USUAL_LIMITS = {"packs_per_resident_per_round": 1, "vouchers_per_payment": 1}


def missing(answers: Answers, like: str | None, pack: str | None) -> tuple[str, ...]:
    """The options that must be given still: what is needed, and what no pattern answers. Several
    funders must say how they share.
    """
    base = _pattern(like, pack)
    is_shared = len(_payers(_funders(answers, base))) > 1
    return tuple(
        each.option
        for each in QUESTIONS
        if (each.is_needed or (is_shared and each.option == SHARE))
        and each.option not in answers
        and each.key not in base[each.document]
    )


def _funders(answers: Answers, base: Documents) -> dict[str, Any]:
    """Who pays, as far as it can be read."""
    question = OF_OPTION["fund"]
    try:
        given = question.read(answers["fund"]) if "fund" in answers else None
    except ValueError:
        given = {}
    return base[PROGRAMME].get(question.key, {}) if given is None else given or {}


def _payers(funders: Mapping[str, Any]) -> list[str]:
    """All but merchants, who pay by a match."""
    return [name for name, funder in funders.items() if funder.get("kind") != "merchant"]


def faults_of(option: str, entries: Sequence[str]) -> tuple[Problem, ...]:
    """What is wrong with one answer by itself."""
    question = OF_OPTION[option]
    try:
        value = question.read(entries)
    except ValueError:
        return (_unreadable(question, entries),)
    if question.document == ROUND:
        return ()
    read = programmes.read if question.document == PROGRAMME else templates.read
    faults = read({question.key: value})[1]
    return tuple(
        fault.problem(f"--{option}") for fault in faults if fault.path[:1] == (question.key,)
    )


def new_programme(
    code: str,
    answers: Answers,
    translate: Translate,
    *,
    like: str | None = None,
    pack: str | None = None,
    dry_run: bool = False,
) -> Outcome:
    """Write CODE.yaml and CODE-pack.yaml here, from the answers and, where none is given, from the
    programme `like` and the template `pack`. Raises `UsageFault` (missing_answers,
    bad_answers), `VoucherError` (unknown_config, bad_yaml, file_exists).
    """
    _refuse_missing(answers, like, pack)
    documents = _documents(code, answers, _pattern(like, pack))
    round_ = new_files.FirstRound(code, **documents.pop(ROUND))
    _refuse_faults(documents)
    files = {kind: f"{document[kind]}.yaml" for kind, document in documents.items()}
    for name in files.values():
        if os.path.lexists(name):
            raise whole_files.in_the_way(Path(name))
    for kind, name in () if dry_run else files.items():
        text = new_files.text(documents[kind], files, round_, translate)
        whole_files.write_new(Path(name), text.encode())
    return _outcome(files, round_, dry_run)


def _outcome(files: Mapping[str, str], round_: FirstRound, dry_run: bool) -> Outcome:
    said = say("no fault; nothing was written (--dry-run)")
    if not dry_run:
        said = say(
            "{programme} and {template} are written: compare each line with the notice", **files
        )
    following = say(
        "next: voucher programme load {programme}, then voucher template check {template}", **files
    )
    data = {
        "programme": round_.code,
        "files": files,
        "written": not dry_run,
        "round": round_.command,
    }
    then = say("then, when both are in: {command}", command=round_.command)
    return Outcome(data, says=(said,) if dry_run else (said, following, then))


# ---------------------------------------------------------------- the documents


def _pattern(like: str | None, pack: str | None) -> Documents:
    """What the shipped (or any) programme and template give that are taken as patterns."""
    given: dict[str, Any] = {PROGRAMME: {}, TEMPLATE: {}, ROUND: {}}
    if like is not None:
        given[PROGRAMME] = configs.read_programme(like)[1].value
    if pack is not None:
        given[TEMPLATE] = configs.read_template(pack)[1].value
    return {
        kind: {key: value for key, value in document.items() if key not in OWN}
        for kind, document in given.items()
    }


def _documents(code: str, answers: Answers, base: Documents) -> Documents:
    """Both documents, their keys in the order of the law."""
    found: Documents = {
        PROGRAMME: {"programme": code, "time_zone": times.HOME_ZONE} | base[PROGRAMME],
        TEMPLATE: {"template": f"{code}-pack"} | base[TEMPLATE],
        ROUND: {},
    }
    for option, entries in answers.items():
        question = OF_OPTION[option]
        try:
            found[question.document][question.key] = question.read(entries)
        except ValueError:
            raise _refused([_unreadable(question, entries)]) from None
    _complete(found[PROGRAMME], found[TEMPLATE], is_shared=SHARE in answers)
    return {
        kind: {key: document[key] for key in ORDER[kind] if key in document}
        for kind, document in found.items()
    }


def _complete(programme: dict[str, Any], template: dict[str, Any], *, is_shared: bool) -> None:
    """What follows from the answers: the pack's name, the whole of a voucher from the only payer,
    and the two limits that hold also where nothing is said.
    """
    template["name"] = programme["name"]
    payers = _payers(programme["funders"])
    if not is_shared and len(payers) == 1:
        template["funding"] = {payers[0]: "100%"}
    limits = programme.get("limits", {})
    if isinstance(limits, dict):
        programme["limits"] = USUAL_LIMITS | limits


# ---------------------------------------------------------------- refusals


def _refuse_missing(answers: Answers, like: str | None, pack: str | None) -> None:
    if lacking := missing(answers, like, pack):
        raise UsageFault(
            "missing_answers",
            "these answers are missing: {options}",
            hint="give each as its option, or run it at a terminal: it asks for them",
            options=", ".join(f"--{option}" for option in lacking),
        )


def _refuse_faults(documents: Documents) -> None:
    """Every fault of both documents, by the option that it came from."""
    programme, of_programme = configs.of_nobody(programmes.read)(documents[PROGRAMME])
    template, of_template = configs.of_nobody(templates.read)(documents[TEMPLATE])
    faults = [(PROGRAMME, each) for each in of_programme] + [
        (TEMPLATE, each) for each in of_template
    ]
    if programme and template:
        faults += [(TEMPLATE, each) for each in templates.strangers(template, programme)]
    if faults:
        raise _refused([fault.problem(_option(kind, fault)) for kind, fault in faults])


def _option(kind: str, fault: Fault) -> str:
    key = fault.path[0] if fault.path else fault.params.get("offending")
    found = [each.option for each in QUESTIONS if (each.document, each.key) == (kind, key)]
    return f"--{found[0]}" if found else "CODE" if key in ORDER else f"{kind}: {key}"


def _unreadable(question: Question, entries: Sequence[str]) -> Problem:
    return Problem(
        "bad_answer",
        "{offending} is not written as it must be",
        f"--{question.option}",
        "write it like {example}",
        params={"offending": "; ".join(entries), "example": question.example},
    )


def _refused(problems: Sequence[Problem]) -> UsageFault:
    return UsageFault(
        "bad_answers",
        "{count} answer(s) cannot be used; nothing was written",
        hint="correct them all, then run the same command again",
        problems=problems,
        count=len(problems),
    )
