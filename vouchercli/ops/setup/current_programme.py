"""The current programme: the one that is meant when a command names none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vouchercli.result import Outcome, say
from vouchercli.store import audit
from vouchercli.store import programmes as store
from vouchercli.store.db import writing

if TYPE_CHECKING:
    from vouchercli.session import Session


def use_programme(session: Session, code: str) -> Outcome:
    """Make the programme of that code the one that is meant when a command names none. Raises
    `unknown_programme`.
    """
    with writing(session) as db:
        row = store.named(db, code)
        before = next((each for each in store.all_loaded(db) if each["is_current"]), None)
        if row["is_current"]:
            said = say("{programme} is the current programme already", programme=code)
        else:
            said = say(
                "the current programme is {programme}: it is meant when a command names none",
                programme=code,
            )
            store.use(db, row["programme_id"])
            audit.note(
                session,
                "programme.use",
                code,
                before={"current": before["programme"] if before else None},
                after={"current": code},
            )
    is_named_otherwise = session.programme not in (None, code)
    other = say(
        "--programme or VOUCHER_PROGRAMME names {programme} here, and comes first",
        programme=session.programme,
    )
    return Outcome({"programme": code}, says=(said, *([other] if is_named_otherwise else [])))
