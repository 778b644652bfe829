"""What an auditor is given as it stands in the database, table by table: no column holds a person's
identity, nor an account number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vouchercli.store import correction_lists, debts, ledger_lists, typed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator


class Extract(NamedTuple):
    """A table as it is given away: the name of its file, its columns as `name:kind` (text, int,
    fen, time, date, token), in the order of the statement's. It is asked of a programme
    (`programme_id`), rows also of a span (UTC seconds, from `since` to before `until`).
    """

    name: str
    columns: str
    statement: str

    @property
    def fields(self) -> list[tuple[str, str]]:
        """(name, kind) of each column."""
        pairs = (each.partition(":") for each in self.columns.split())
        return [(name, kind or "text") for name, _, kind in pairs]


POSTINGS = Extract(
    "ledger/postings",
    "posting:int booked_on:date day:date funder round from_account to_account amount:fen why"
    " batch:int posted_at:time",
    ledger_lists.IN_ORDER,
)
ACCOUNTS = Extract(
    "ledger/accounts",
    "funder round account amount:fen",
    f"SELECT funder, round, account, amount_fen FROM ({ledger_lists.STANDING})"
    " ORDER BY position, round_id, place",
)
SETTLEMENTS = Extract(
    "settlements/settlements",
    "settlement:int funder state pattern up_to:date notice_days:int planned:fen made_by os_user"
    " made_at:time noticed_at:time exported_at:time bank pay_on:date file_sha256",
    """
SELECT s.settlement_id, f.funder, s.state, s.pattern, s.up_to, s.notice_days, s.planned_fen,
    s.made_by, s.os_user, s.made_at, s.noticed_at, s.exported_at, s.bank, s.pay_on, s.file_sha256
FROM settlements s JOIN funders f USING (funder_id) WHERE s.programme_id = :programme_id
ORDER BY s.settlement_id
""",
)
TRANSFERS = Extract(
    "settlements/transfers",
    "transfer_no settlement:int merchant_no amount:fen state is_first:int paid_on:date reference"
    " reason answered_at:time",
    """
SELECT t.transfer_no, t.settlement_id, m.merchant_no, t.amount_fen, t.state, t.is_first, t.paid_on,
    t.reference, t.reason, t.answered_at
FROM settlements s CROSS JOIN transfers t USING (settlement_id)
    JOIN merchants m ON m.merchant_id = t.payee_id
WHERE s.programme_id = :programme_id ORDER BY t.transfer_id
""",
)
DUES = Extract(
    "settlements/dues",
    "due:int kind funder round merchant_no amount:fen after_day:date up_to:date hold:int"
    " transfer_no",
    """
SELECT d.due_id, d.kind, f.funder, r.round, m.merchant_no, d.amount_fen, nullif(d.after_day, 0),
    d.up_to, d.hold_id, t.transfer_no
FROM funders f CROSS JOIN dues d ON d.funder_id = f.funder_id
    JOIN rounds r ON r.round_id = d.round_id JOIN merchants m ON m.merchant_id = d.merchant_id
    LEFT JOIN transfers t ON t.transfer_id = d.transfer_id
WHERE f.programme_id = :programme_id ORDER BY d.due_id
""",
)
HOLDS = Extract(
    "settlements/holds",
    "hold:int merchant_no transaction_no reason evidence note held_on:date held_by os_user"
    " held_at:time released_by release_note released_at:time",
    """
SELECT h.hold_id, m.merchant_no, (SELECT b.transaction_no FROM redemptions b
    WHERE b.redemption_id = h.redemption_id), h.reason, h.evidence, h.note, h.held_on, h.held_by,
    h.os_user, h.held_at, h.released_by, h.release_note, h.released_at
FROM holds h JOIN merchants m USING (merchant_id) WHERE h.programme_id = :programme_id
ORDER BY h.hold_id
""",
)
DEBTS = Extract(
    "settlements/debts",
    "merchant_no funder amount:fen since_on:date",
    f"SELECT merchant_no, funder, amount_fen, since_on FROM ({debts.ALL})"
    " ORDER BY since_on, merchant_no, funder",
)
BANK_FILES = Extract(
    "settlements/bank_files",
    "bank_file:int file sha256 kind message_no actor read_at:time",
    """
SELECT bank_file_id, file, sha256, kind, message_no, actor, read_at FROM bank_files
WHERE programme_id = :programme_id ORDER BY bank_file_id
""",
)
BANK_ANSWERS = Extract(
    "settlements/bank_answers",
    "bank_file:int place:int at_line transfer_no status amount:fen paid_on:date reference"
    " reason_code reason entry_no outcome",
    """
SELECT a.bank_file_id, a.place, a.at_line, a.transfer_no, a.status, a.amount_fen, a.paid_on,
    a.reference, a.reason_code, a.reason, a.entry_no, a.outcome
FROM bank_files b CROSS JOIN bank_answers a USING (bank_file_id)
WHERE b.programme_id = :programme_id ORDER BY a.bank_file_id, a.place
""",
)
RUNS = Extract(
    "reconciliation/runs",
    "run:int batch:int source round first_on:date last_on:date tolerances opened:int standing:int"
    " cleared:int actor os_user ran_at:time",
    """
SELECT x.run_id, x.batch_id, x.source, r.round, x.first_on, x.last_on, x.tolerances, x.opened,
    x.standing, x.cleared, x.actor, x.os_user, x.ran_at
FROM reconciliations x LEFT JOIN rounds r USING (round_id)
WHERE x.programme_id = :programme_id ORDER BY x.run_id
""",
)
RECONCILED_DAYS = Extract(
    "reconciliation/days",
    "run:int day:date their_rows:int theirs:fen our_rows:int ours:fen agreed_their_rows:int"
    " agreed_theirs:fen agreed_our_rows:int agreed_ours:fen",
    """
SELECT d.run_id, d.day, d.their_rows, d.their_fen, d.our_rows, d.our_fen, d.agreed_their_rows,
    d.agreed_their_fen, d.agreed_our_rows, d.agreed_our_fen
FROM reconciliations x CROSS JOIN reconciled_days d USING (run_id)
WHERE x.programme_id = :programme_id ORDER BY d.run_id, d.day
""",
)
BREAKS = Extract(
    "reconciliation/breaks",
    "break:int source round type transaction_no kind merchant_no day:date ours:fen theirs:fen"
    " detail batch:int line:int run:int state owner assigned_by assigned_at:time resolution note"
    " evidence resolved_by resolved_at:time cleared_run:int cleared_at:time",
    """
SELECT b.break_id, b.source, r.round, b.type, b.transaction_no, b.kind,
    ifnull((SELECT m.merchant_no FROM merchants m WHERE m.merchant_id = b.merchant_id),
        b.merchant_no),
    b.day, b.our_fen, b.their_fen, b.detail, b.batch_id, b.line, b.run_id, b.state, b.owner,
    b.assigned_by, b.assigned_at, b.resolution, b.note, b.evidence, b.resolved_by, b.resolved_at,
    b.cleared_run, b.cleared_at
FROM breaks b LEFT JOIN rounds r USING (round_id)
WHERE b.programme_id = :programme_id ORDER BY b.break_id
""",
)
# Proposals of a programme, and those on the registry, which is everybody's.
OF_PROGRAMME = f"""
proposals p LEFT JOIN rounds r ON p.subject = 'round' AND r.round_id = p.subject_id
LEFT JOIN batches b ON p.subject = 'list' AND b.batch_id = p.subject_id
LEFT JOIN settlements s ON p.subject = 'settlement' AND s.settlement_id = p.subject_id
WHERE ifnull(CASE p.subject WHEN 'round' THEN r.programme_id WHEN 'programme' THEN p.subject_id
    WHEN 'list' THEN b.programme_id WHEN 'settlement' THEN s.programme_id
    WHEN 'debt' THEN (SELECT programme_id FROM programmes WHERE programme = p.after ->> 'programme')
    WHEN 'claim' THEN {correction_lists.PROGRAMME_OF}
    WHEN 'redemption' THEN {correction_lists.PROGRAMME_OF} END, :programme_id) = :programme_id
"""
PROPOSALS = Extract(
    "proposals/proposals",
    "proposal:int subject name kind state amount:fen before after note evidence proposed_by"
    " os_user proposed_at:time entered_at:time ended_at:time",
    f"""
SELECT p.proposal_id, p.subject, ifnull(r.round, p.subject_id), p.kind, p.state, p.amount_fen,
    p.before, p.after, p.note, p.evidence, p.proposed_by, p.os_user, p.proposed_at, p.entered_at,
    p.ended_at
FROM {OF_PROGRAMME} ORDER BY p.proposal_id
""",
)
VERDICTS = Extract(
    "proposals/verdicts",
    "verdict_no:int proposal:int verdict actor os_user note at:time entered_at:time",
    f"""
SELECT verdict_id, proposal_id, verdict, actor, os_user, note, at, entered_at FROM verdicts
WHERE proposal_id IN (SELECT p.proposal_id FROM {OF_PROGRAMME}) ORDER BY verdict_id
""",
)
DAYS = Extract(
    "days/days",
    "day:date begins_at:time ends_at:time last_claim_id:int last_redemption_id:int claims:int"
    " payments:int refunds:int reversals:int base:fen subsidy:fen postings:int posted:fen"
    " facts_sha256 previous_sha256 sha256 sealed_by sealed_at:time signed_by signed_os_user"
    " signed_at:time note",
    """
SELECT d.day, d.begins_at, d.ends_at, d.last_claim_id, d.last_redemption_id, d.claims, d.payments,
    d.refunds, d.reversals, d.base_fen, d.subsidy_fen, d.postings, d.posted_fen, d.facts_sha256,
    d.previous_sha256, d.sha256, d.sealed_by, d.sealed_at, s.signed_by, s.os_user, s.signed_at,
    s.note
FROM days d LEFT JOIN day_signatures s USING (programme_id, day)
WHERE d.programme_id = :programme_id ORDER BY d.day
""",
)
FILES = Extract(
    "files/imported",
    "batch:int kind file sha256 profile encoding state read:int accepted:int duplicate:int"
    " rejected:int warnings:int actor imported_at:time",
    """
SELECT batch_id, kind, file, sha256, profile, encoding, state, read, accepted, duplicate, rejected,
    warnings, actor, imported_at
FROM batches WHERE ifnull(programme_id, :programme_id) = :programme_id ORDER BY batch_id
""",
)
REVERSED = Extract(
    "corrections/reversed_redemptions",
    "correction:int transaction_no merchant_no paid_at:time base:fen subsidy:fen booked_on:date"
    " entered_anew_in_batch:int entered_anew_at_line:int",
    """
SELECT v.correction_id, v.transaction_no, m.merchant_no, v.paid_at, v.base_fen,
    s.after_fen - s.before_fen, v.booked_on, v.anew_batch_id, v.anew_line
FROM reversed_redemptions v JOIN corrections c USING (correction_id)
    JOIN splits s ON s.split_id = v.split_id JOIN merchants m ON m.merchant_id = v.merchant_id
WHERE c.programme_id = :programme_id ORDER BY v.redemption_id
""",
)
REVERSED_CLAIMS = Extract(
    "corrections/reversed_claims",
    "correction:int claim_no round resident:token claimed_at:time expires_at:time booked_on:date"
    " entered_anew_in_batch:int entered_anew_at_line:int",
    """
SELECT v.correction_id, v.claim_no, r.round, v.resident, v.claimed_at, v.expires_at, v.booked_on,
    v.anew_batch_id, v.anew_line
FROM reversed_claims v JOIN corrections c USING (correction_id) JOIN rounds r USING (round_id)
WHERE c.programme_id = :programme_id ORDER BY v.claim_id
""",
)
LIMITS = Extract(
    "rules/limits",
    "limit from_at:time most:int",
    """
SELECT name, nullif(from_at, 0), most FROM limit_steps WHERE programme_id = :programme_id
ORDER BY name, from_at
""",
)
MERCHANTS = Extract(
    "merchants/merchants",
    "merchant_no name uscc district industry size is_registered:int added_at:time changed_at:time",
    """
SELECT merchant_no, name, uscc, district, industry, size, is_registered, added_at, changed_at
FROM merchants ORDER BY merchant_no
""",
)
SUSPENSIONS = Extract(
    "merchants/suspensions",
    "merchant_no from_at:time until_at:time reason actor",
    """
SELECT m.merchant_no, s.from_at, s.until_at, s.reason, s.actor
FROM suspensions s JOIN merchants m USING (merchant_id) ORDER BY s.suspension_id
""",
)
SAMPLES = Extract(
    "samples/samples",
    "sample:int what first_day:date last_day:date confidence_bp:int margin_bp:int expected_bp:int"
    " size:int allowed:int population:int population_sum:fen largest:fen population_sha256 seed"
    " items_sha256 drawn_by os_user drawn_at:time",
    """
SELECT sample_id, what, first_day, last_day, confidence_bp, margin_bp, expected_bp, size, allowed,
    population, population_fen, largest_fen, population_sha256, seed, items_sha256, drawn_by,
    os_user, drawn_at
FROM samples WHERE programme_id = :programme_id ORDER BY sample_id
""",
)
SAMPLE_ITEMS = Extract(
    "samples/items",
    "sample:int item:int number amount:fen ticket",
    """
SELECT i.sample_id, i.item, i.number, i.amount_fen, i.ticket
FROM samples s CROSS JOIN sample_items i USING (sample_id) WHERE s.programme_id = :programme_id
ORDER BY i.sample_id, i.item
""",
)
SAMPLE_RESULTS = Extract(
    "samples/results",
    "result:int sample:int item:int fault right:fen note at_line entered_by os_user"
    " entered_at:time",
    """
SELECT r.result_id, r.sample_id, r.item, r.fault, r.right_fen, r.note, r.at_line, r.entered_by,
    r.os_user, r.entered_at
FROM samples s CROSS JOIN sample_results r USING (sample_id) WHERE s.programme_id = :programme_id
ORDER BY r.result_id
""",
)
EFFECT_PLANS = Extract(
    "effects/plans",
    "plan:int round terms sha256 sealed_by os_user sealed_at:time",
    """
SELECT e.plan_id, r.round, e.terms, e.sha256, e.sealed_by, e.os_user, e.sealed_at
FROM effect_plans e JOIN rounds r USING (round_id) WHERE r.programme_id = :programme_id
ORDER BY e.plan_id
""",
)
EFFECT_CELLS = Extract(
    "effects/cells",
    "batch:int line:int round arm arrival:int week:int stratum n:int y yy s ss sy x xx xy xs",
    """
SELECT c.batch_id, c.line, r.round, c.arm, c.arrival, c.week, c.stratum, c.n, c.y, c.yy, c.s, c.ss,
    c.sy, c.x, c.xx, c.xy, c.xs
FROM effect_cells c JOIN rounds r USING (round_id) WHERE r.programme_id = :programme_id
ORDER BY c.batch_id, c.line
""",
)
SURVEY_ANSWERS = Extract(
    "effects/survey_answers",
    "batch:int line:int round stratum weight answers:int used:fen ordinary:fen by_voucher:fen"
    " of_own:fen",
    """
SELECT a.batch_id, a.line, r.round, a.stratum, a.weight, a.answers, a.used_fen, a.ordinary_fen,
    a.voucher_fen, a.own_fen
FROM survey_answers a JOIN rounds r USING (round_id) WHERE r.programme_id = :programme_id
ORDER BY a.batch_id, a.line
""",
)
TABLES = (
    POSTINGS,
    ACCOUNTS,
    SETTLEMENTS,
    TRANSFERS,
    DUES,
    HOLDS,
    DEBTS,
    BANK_FILES,
    BANK_ANSWERS,
    RUNS,
    RECONCILED_DAYS,
    BREAKS,
    PROPOSALS,
    VERDICTS,
    DAYS,
    FILES,
    REVERSED,
    REVERSED_CLAIMS,
    LIMITS,
    MERCHANTS,
    SUSPENSIONS,
    SAMPLES,
    SAMPLE_ITEMS,
    SAMPLE_RESULTS,
    EFFECT_PLANS,
    EFFECT_CELLS,
    SURVEY_ANSWERS,
)
# Every row, where it is asked for.
CLAIMS = Extract(
    "rows/claims",
    "claim_no round resident:token claimed_at:time expires_at:time batch:int line:int",
    """
SELECT c.claim_no, r.round, c.resident, c.claimed_at, c.expires_at, c.batch_id, c.line
FROM claims c JOIN rounds r USING (round_id)
WHERE r.programme_id = :programme_id AND c.claimed_at >= :since AND c.claimed_at < :until
ORDER BY c.claim_id
""",
)
REDEMPTIONS = Extract(
    "rows/redemptions",
    "transaction_no kind claim_no coupon_no:int coupon round merchant_no channel paid_at:time"
    " base:fen merchant_discount:fen subsidy:fen public:fen platform:fen match:fen batch:int"
    " line:int",
    """
SELECT f.transaction_no, f.kind, c.claim_no, f.coupon_no, f.coupon, r.round, m.merchant_no,
    f.channel, f.paid_at, f.base_fen, f.merchant_discount_fen, f.subsidy_fen, f.public_fen,
    f.platform_fen, f.match_fen, f.batch_id, f.line
FROM redemption_facts f CROSS JOIN rounds r ON r.round_id = f.round_id
    CROSS JOIN claims c ON c.claim_id = f.claim_id
    CROSS JOIN merchants m ON m.merchant_id = f.merchant_id
WHERE r.programme_id = :programme_id AND f.paid_at >= :since AND f.paid_at < :until
ORDER BY f.redemption_id
""",
)
ROWS = (CLAIMS, REDEMPTIONS)

RULES = """
SELECT at, entered_at, actor, detail FROM audit
WHERE deed IN ('programme.load', 'programme.approve') AND subject = ? AND json_valid(detail)
    AND detail ->> '$.after.programme' = subject
ORDER BY audit_id
"""
TEMPLATES = """
SELECT t.template, t.version, t.digest, t.document, t.added_at,
    (SELECT group_concat(round, ' ') FROM (SELECT r.round FROM rounds r
        WHERE r.template_id = t.template_id AND r.programme_id = ? ORDER BY r.round_id))
FROM templates t ORDER BY t.template, t.version
"""

ALL_OF_THEM = {"funder": None, "round": None, "merchant": None}


class Template(NamedTuple):
    """A version of a template: its document is JSON; `rounds` (codes, blanks between) of the
    programme use it.
    """

    template: str
    version: int
    digest: str
    document: str
    added_at: int
    rounds: str | None


def rows(db: sqlite3.Connection, extract: Extract, **asked: int) -> Iterator[tuple[Any, ...]]:
    """The rows of an extract, read one after the other."""
    cursor = db.cursor()
    cursor.row_factory = None
    return cursor.execute(extract.statement, {**ALL_OF_THEM, **asked})


def programme_versions(db: sqlite3.Connection, programme: str) -> list[tuple[int, int, str, str]]:
    """(at, entered at, by whom, detail as JSON) of every line of the log that put a version of the
    programme in force.
    """
    return typed.tuples(db, RULES, (programme,))


def template_versions(db: sqlite3.Connection, programme_id: int) -> list[Template]:
    """Every version of every template."""
    return typed.rows(db, Template, TEMPLATES, (programme_id,))
