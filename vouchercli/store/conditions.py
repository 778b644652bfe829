"""Conditions of the law that several statements ask, each said once: SQL over the names of tables
in a statement.
"""

from __future__ import annotations


def is_eligible(round_: str, resident: str, at: str) -> str:
    """Whether the round (a table of rounds by that name) is for all, or has the resident (an SQL
    expression) on its list: of its group, or of any where it names none (rules.limits.is_for_all);
    and no case had excluded the resident by that moment (an SQL expression).
    """
    return f"""((NOT ({round_}.mode = 'targeted' OR {round_}.resident_group <> '') OR EXISTS (
        SELECT 1 FROM eligibility e WHERE e.programme_id = {round_}.programme_id
            AND e.resident = {resident}
            AND ({round_}.resident_group = '' OR e.resident_group = {round_}.resident_group)))
        AND NOT {is_excluded(f"{round_}.programme_id", resident, at)})"""


def is_excluded(programme_id: str, resident: str, at: str) -> str:
    """Whether a case excluded the resident from packs of the programme at a moment (all of them SQL
    expressions): from its exclusion up to a readmission.
    """
    return f"EXISTS (SELECT 1 {_exclusions(programme_id, resident, at)})"


def excluded_from(programme_id: str, resident: str, at: str) -> str:
    """From when on a case excludes a resident who is excluded at a moment (all of them SQL
    expressions); NULL: none does.
    """
    return f"(SELECT min(x.from_at) {_exclusions(programme_id, resident, at)})"


def _exclusions(programme_id: str, resident: str, at: str) -> str:
    return f"FROM exclusions x WHERE x.resident = {resident} AND {holds(programme_id, at)}"


def holds(programme_id: str, at: str) -> str:
    """Whether an exclusion (a row `x` of them) holds in the programme at a moment (both of them SQL
    expressions).
    """
    return f"""x.programme_id = {programme_id} AND x.from_at <= {at}
            AND (x.until_at IS NULL OR {at} < x.until_at)"""


def is_person_excluded(round_: str, resident: str, at: str) -> str:
    """Whether one of those who are one person with the resident (an SQL expression) in the round (a
    table of rounds by that name) is excluded at a moment: who applied by several identities gets no
    pack by another of them.
    """
    excluded = is_excluded(f"{round_}.programme_id", "same.resident", at)
    return f"""EXISTS (SELECT 1 FROM persons one
            JOIN persons same ON same.round_id = one.round_id AND same.person = one.person
            WHERE one.round_id = {round_}.round_id AND one.resident = {resident} AND {excluded})"""


def is_winner(round_: str, resident: str, application_no: str) -> str:
    """Whether the winners of the round were not drawn here for its platform, or the resident (an
    SQL expression) is one of them: by a token of its own or one of those who are one person with
    it. An application number that the row names is to be that resident's.
    """
    return f"""(NOT {round_}.hands_winners OR {has_won(round_, resident)}
        AND (ifnull({application_no}, '') = '' OR EXISTS (
            SELECT 1 FROM applications named
            WHERE named.round_id = ifnull({round_}.lead_id, {round_}.round_id)
                AND named.application_no = {application_no} AND named.resident = {resident})))"""


def has_won(round_: str, resident: str) -> str:
    """Whether the resident (an SQL expression), or one who is one person with it, is a winner that
    the round hands on.
    """
    return f"""(EXISTS (SELECT 1 FROM winners won
            WHERE won.round_id = {round_}.round_id AND won.resident = {resident})
        OR EXISTS (SELECT 1 FROM persons one
            JOIN persons same ON same.round_id = one.round_id AND same.person = one.person
            JOIN winners won ON won.round_id = same.round_id AND won.resident = same.resident
            WHERE one.round_id = {round_}.round_id AND one.resident = {resident}))"""


def states_ends(round_: str) -> str:
    """Whether the platform states the end of each claim of the round (`rules.templates`)."""
    return f"""(SELECT t.document ->> '$.validity.by' FROM templates t
        WHERE t.template_id = {round_}.template_id) = 'platform'"""


def is_paused(round_: str, at: str) -> str:
    """Whether the round was paused at a moment (an SQL expression): from the first second of a
    pause up to its end (rules.amendments.is_paused).
    """
    return f"""EXISTS (
        SELECT 1 FROM pauses z WHERE z.round_id = {round_}.round_id AND z.from_at <= {at}
            AND (z.until_at IS NULL OR {at} < z.until_at))"""


def rests_on_list(round_: str) -> str:
    """Whether the round was approved, if only by the first of several, for the residents of a list
    and may still grant: who comes on the list, or leaves it, needs a second person. A closed round
    grants late while it has money.
    """
    return f"""(({round_}.mode = 'targeted' OR {round_}.resident_group <> '')
        AND ({round_}.state IN ('approved', 'open', 'paused') OR {round_}.state = 'closed'
            AND {round_}.claimed + {round_}.released < {round_}.packs
            OR {round_}.state = 'submitted' AND EXISTS (
                SELECT 1 FROM proposals p JOIN verdicts v ON v.proposal_id = p.proposal_id
                WHERE p.subject = 'round' AND p.subject_id = {round_}.round_id
                    AND p.state = 'proposed')))"""
