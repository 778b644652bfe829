"""The questions of `voucher programme new`, asked at a terminal one by one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from vouchercli.cli.language import t
from vouchercli.ops.setup import new_programmes
from vouchercli.ops.setup.notice_questions import QUESTIONS

if TYPE_CHECKING:
    from vouchercli.ops.setup.notice_questions import Question
    from vouchercli.result import Problem

    Answers = dict[str, list[str]]


def complete(answers: Answers, like: str | None, pack: str | None) -> Answers:
    """The answers that were given and, at a terminal where one that is needed is missing, those to
    all other questions.
    """
    if not sys.stdin.isatty() or not new_programmes.missing(answers, like, pack):
        return answers
    found = {**answers}
    for question in QUESTIONS:
        if question.option not in answers:
            is_needed = question.option in new_programmes.missing(found, like, pack)
            if entries := _ask(question, is_needed):
                found[question.option] = entries
    return found


def _ask(question: Question, is_needed: bool) -> list[str]:
    """Ask until the answer can be used; one that is not needed may be left out."""
    text = t(question.asks.text, question.asks.params)
    if question.example:
        text += " " + t("(like {example})", {"example": t(question.example)})
    if not is_needed:
        text += " " + t("(Enter: none)")
    while True:
        typed = typer.prompt(text, default="", show_default=False, prompt_suffix=": ", err=True)
        entries = question.entries(typed)
        if not entries and not is_needed:
            return []
        problems = new_programmes.faults_of(question.option, entries) if entries else ()
        for problem in problems:
            _tell(problem)
        if entries and not problems:
            return entries


def _tell(problem: Problem) -> None:
    for sentence in (problem.text, problem.hint):
        if sentence:
            typer.echo(t(sentence, problem.params), err=True)
