"""What is asked of a clerk who makes a programme from a printed notice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.ops.setup import notice_answers
from vouchercli.result import Word, say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vouchercli.result import Message


class Question(NamedTuple):
    """What is asked, by which option it is answered, and where the answer goes: a document and its
    key, or the command that drafts the first round. `mark` parts the entries of an answer that is
    typed; '' where there is one.
    """

    option: str
    asks: Message
    example: str
    read: Callable[[Sequence[str]], Any]
    document: str
    key: str
    is_needed: bool = False
    mark: str = ""

    def entries(self, typed: str) -> list[str]:
        """The entries of an answer as it was typed."""
        parts = typed.replace("；", ";").split(self.mark) if self.mark else [typed]
        return [part.strip() for part in parts if part.strip()]


PROGRAMME, TEMPLATE, ROUND = "programme", "template", "round"
QUESTIONS = (
    Question(
        "name",
        say("the programme's name"),
        "某县消费券",
        notice_answers.text,
        PROGRAMME,
        "name",
        is_needed=True,
    ),
    Question(
        "issuer",
        say("who issues it: the city and its bureau"),
        "某县商务局",
        notice_answers.text,
        PROGRAMME,
        "issuer",
        is_needed=True,
    ),
    Question(
        "fund",
        say("who pays, of which kind (public, platform, merchant), and how many yuan"),
        "treasury=500000; bank:platform=100000",
        notice_answers.funders,
        PROGRAMME,
        "funders",
        is_needed=True,
        mark=";",
    ),
    Question(
        "share",
        say("how several funders share a voucher"),
        "treasury=90%; bank=10%",
        notice_answers.shares,
        TEMPLATE,
        "funding",
        mark=";",
    ),
    Question(
        "match",
        say("what merchants add at the till, as a share of the subsidy"),
        "merchant=100%",
        notice_answers.shares,
        TEMPLATE,
        "match",
        mark=";",
    ),
    Question(
        "voucher",
        say("the vouchers of a pack: threshold and face, or threshold and percentage with its cap"),
        "5x40-10; 满100减20; 2000-10%/400",
        notice_answers.coupons,
        TEMPLATE,
        "coupons",
        is_needed=True,
        mark=";",
    ),
    Question(
        "validity",
        say(
            "how long a voucher is valid: days_after_claim, hours_after_claim, days (calendar days"
            " to 24:00, with from=claim, from=day_after_claim or from=opening), until, or"
            " calendar_month; beside any no_later_than, not_before"
        ),
        "days_after_claim=7",
        notice_answers.settings,
        TEMPLATE,
        "validity",
        is_needed=True,
        mark=";",
    ),
    Question(
        "scope",
        say("where it may be used: channel, districts, industries, exclude, hours, weekdays ..."),
        "channel=offline; industries=餐饮,零售",
        notice_answers.scope,
        TEMPLATE,
        "scope",
        mark=";",
    ),
    Question(
        "refunds",
        say(
            "what a refund does: full_restores, restores_once, forfeits, pro_rata, or case by case"
            " voucher.full, .late, .partial and money.full, .late, .partial"
        ),
        "voucher.partial=forfeits; money.partial=returns",
        notice_answers.settings,
        PROGRAMME,
        "refunds",
        is_needed=True,
        mark=";",
    ),
    Question(
        "unused",
        say("where unused money goes: next_round, pool, treasury, same_round"),
        "treasury",
        notice_answers.text,
        PROGRAMME,
        "unused",
        is_needed=True,
    ),
    Question(
        "limits",
        say("how much one resident may have (one pack a round unless said)"),
        "packs_per_resident=3; vouchers_per_merchant_per_day=1",
        notice_answers.settings,
        PROGRAMME,
        "limits",
        mark=";",
    ),
    Question(
        "packs",
        say("how many packs the first round has"),
        "20000",
        notice_answers.count,
        ROUND,
        "packs",
    ),
    Question(
        "opens-at",
        say("when claiming begins"),
        "2026-05-01 10:00",
        notice_answers.moment,
        ROUND,
        "opens_at",
    ),
    Question(
        "closes-at",
        say("when claiming ends (a date: its end)"),
        "2026-05-20",
        notice_answers.moment,
        ROUND,
        "closes_at",
    ),
    Question(
        "staff",
        say("who works on it: maker, checker, finance, auditor"),
        "wang=maker; zhao=checker+finance",
        notice_answers.staff,
        PROGRAMME,
        "staff",
        mark=";",
    ),
    Question(
        "not-enforced",
        say("clauses that nobody can judge from the platforms' files, in words"),
        Word("no tobacco; only inside the county"),
        notice_answers.lines,
        PROGRAMME,
        "not_enforced",
        mark=";",
    ),
    Question(
        "source",
        say("where the notice stands: its number or its page"),
        "",
        notice_answers.text,
        PROGRAMME,
        "source",
    ),
)
OF_OPTION = {question.option: question for question in QUESTIONS}
