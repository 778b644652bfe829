"""The two files of a new programme, with comments in English and Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.formats.written import commented_yaml
from vouchercli.formats.written.commented_yaml import Section
from vouchercli.result import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from vouchercli.publications import Both
    from vouchercli.result import Message

    Translate = Callable[..., Both]

ABOVE = {
    "programme": say("A short name of its own: rounds, reports and the log carry it."),
    "template": say("The name of the pack: rounds are made of it."),
    "time_zone": say("Every time is read and shown in this zone."),
    "funders": say(
        "Who pays: kind public, platform or merchant; amounts in yuan, in quotes. A funder without"
        " an amount pays what is spent."
    ),
    "limits": say("How much one resident may have. A line that is left out is no limit."),
    "refunds": say(
        "What becomes of the voucher and of its money when an order is refunded. What is not"
        " written is as in full_restores."
    ),
    "unused": say("Where unused money goes: next_round, pool, treasury ..."),
    "staff": say(
        "Who works on it. Nobody approves what they made or changed themselves: two people are the"
        " least."
    ),
    "not_enforced": say(
        "Clauses of the notice that nobody judges here: checks, plans and reports print them."
    ),
    "source": say("Where the notice stands."),
    "coupons": say(
        "The vouchers of a pack: face (or percentage with its cap) from a threshold on."
    ),
    "validity": say(
        "How long a voucher is valid. voucher template show says it in words, with an example."
    ),
    "scope": say(
        "Where it may be used. Words of districts and industries must be those of the merchants'"
        " registry."
    ),
    "funding": say("How the funders share a voucher; together 100%."),
    "match": say("What merchants add at the till, beside the subsidy."),
}


class FirstRound(NamedTuple):
    """What the notice says of the first round of a programme; what it does not say is left to be
    filled in.
    """

    code: str
    packs: str = "N"
    opens_at: str = "TIME"
    closes_at: str = "TIME"

    @property
    def command(self) -> str:
        """The command that drafts it."""
        return (
            f"voucher round create {self.code}-1 --template {self.code}-pack --packs {self.packs}"
            f' --opens-at "{self.opens_at}" --closes-at "{self.closes_at}"'
        )


def text(
    document: Mapping[str, Any],
    files: Mapping[str, str],
    round_: FirstRound,
    translate: Translate,
) -> str:
    """The file, with its comments in both languages."""

    def told(messages: Iterable[Message]) -> list[str]:
        both = (translate(each.text, each.params) for each in messages)
        return [*dict.fromkeys(text for each in both for text in (each.en, each.zh))]

    sections = [
        Section(key, value, told([ABOVE[key]]) if key in ABOVE else ())
        for key, value in document.items()
    ]
    return commented_yaml.text(told(_head(files, round_)), sections)


def _head(files: Mapping[str, str], round_: FirstRound) -> Iterator[Message]:
    yield say(
        "Made by voucher programme new from answers: compare each line with the notice. Then, in"
        " the folder of voucher init:"
    )
    yield say("  voucher programme load {file}", file=files["programme"])
    yield say("  voucher template check {file}", file=files["template"])
    yield say("  voucher template add {file}", file=files["template"])
    yield say("  {command}", command=round_.command)
