"""What lies in an audit package, and how it is proved: its README and its index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vouchercli.result import Column, Outcome, Table, Word, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vouchercli.formats.written.packages import Written

PROOFS = ("proofs/check.json", "proofs/audit_verify.json")
# the file, its form and its language
PAGES = (
    ("README.md", "md", "en"),
    ("README.zh.md", "md", "zh"),
    ("index.html", "html", "en"),
    ("index.zh.html", "html", "zh"),
)
WHAT = {
    "reports/leverage": Word("what each public yuan did, by round"),
    "reports/redemptions_by_day": Word("the same by round and day"),
    "reports/rounds": Word("each round: claimed, used, outstanding, expired"),
    "reports/funds": Word("where the money of each funder stands"),
    "reports/settlement": Word("how far merchants are paid, what is held, debts"),
    "reports/final": Word("the final statement by funder, final once the programme is closed"),
    "reports/merchants": Word("what merchants were paid"),
    "reports/rejects": Word("rows that were not accepted, by reason"),
    "ledger/postings.csv": Word("every posting: from, to, how much, why"),
    "ledger/accounts.csv": Word("what stands on each account"),
    "ledger/ledger.journal": Word("the ledger as a journal that hledger reads and proves"),
    "settlements/settlements.csv": Word("settlements: who made them, when, what for"),
    "settlements/transfers.csv": Word("payments to payees, and what the bank said"),
    "settlements/dues.csv": Word("what merchants are owed, and the payment that pays it"),
    "settlements/holds.csv": Word("what is or was held back, why, by whom"),
    "settlements/debts.csv": Word("what merchants owe"),
    "settlements/bank_files.csv": Word("files of banks, with their digests"),
    "settlements/bank_answers.csv": Word("every answer of a bank, and what became of it"),
    "reconciliation/runs.csv": Word("bills and statements that were held against what is here"),
    "reconciliation/days.csv": Word("what agreed on each day of such a file, and what it is of"),
    "reconciliation/breaks.csv": Word("what did not agree, who looks after it, how it ended"),
    "proposals/proposals.csv": Word("what needed a second person: before, after, who proposed it"),
    "proposals/verdicts.csv": Word("who approved or turned down which proposal"),
    "days/days.csv": Word("sealed days with their sums, digests and signatures"),
    "files/imported.csv": Word("every imported file with its digest and counts"),
    "corrections/reversed_redemptions.csv": Word("redemptions that were reversed, and where anew"),
    "corrections/reversed_claims.csv": Word("claims that were reversed, and where anew"),
    "merchants/merchants.csv": Word("the registry of merchants, without their accounts"),
    "merchants/suspensions.csv": Word("which merchants were suspended, when, why"),
    "rules/limits.csv": Word("limits, and since when each held"),
    "rules/programmes.csv": Word("versions of the programme, and since when each held"),
    "rules/programmes/": Word("a version of the programme"),
    "rules/templates.csv": Word("versions of card packs, and the rounds that use them"),
    "rules/templates/": Word("a version of a card pack"),
    "rules/law": Word("the rules that rows are held to, in their order"),
    "samples/samples.csv": Word("samples: how many of what, by which seed"),
    "samples/items.csv": Word("what was drawn for a spot check"),
    "samples/results.csv": Word("what was found at what was drawn, also what was changed later"),
    "reports/effect": Word("what vouchers did, by round: with an interval, or bounds"),
    "effects/plans.csv": Word("how the effect of a round is estimated, as it was sealed"),
    "effects/cells.csv": Word("what platforms told of groups of people"),
    "effects/survey_answers.csv": Word("what people answered who used vouchers"),
    "rows/claims.csv": Word("every claim, residents as tokens"),
    "rows/redemptions.csv": Word("every payment and refund"),
    "log/audit.jsonl": Word("the log of every action, sealed line by line"),
    "proofs/check.json": Word("what voucher check answered"),
    "proofs/audit_verify.json": Word("what voucher audit verify answered"),
    "datapackage.json": Word("what each column of these tables is"),
}
ABOUT = (
    Column("programme", "Programme"),
    Column("since", "From", blank="–"),
    Column("until", "Up to", blank="–"),
    Column("known_at", "All known at"),
    Column("log_head", "Head of the log", blank="–"),
    Column("sealed_up_to", "Sealed up to", blank="–"),
    Column("seal", "Seal of that day", blank="–"),
)
FILES = (
    Column("file", "File"),
    Column("what", "What it holds", "word"),
    Column("rows", "Rows", "int"),
    Column("bytes", "Bytes", "int"),
)
PROVE = (
    say(
        "To prove that no file was changed: sha256sum -c MANIFEST.sha256 in this folder; the digest"
        " of MANIFEST.sha256 itself comes to you by another way. MANIFEST.json says the same with"
        " sizes."
    ),
    say(
        "To prove the ledger: hledger -f ledger/ledger.journal check; it ends with what every"
        " account must come to. hledger -f ledger/ledger.journal balance shows the accounts."
    ),
    say(
        "To prove the log: of each line of log/audit.jsonl write one JSON list of previous_hash,"
        " at, entered_at, actor, os_user, deed, about, detail without blanks, as UTF-8; its"
        " SHA-256 is the hash of the line, and the previous_hash of the next one."
    ),
    say(
        "The head of the log must be the one that was noted elsewhere at the time, and the seal of"
        " a day the one that finance signed."
    ),
    say(
        "Residents stand as tokens only; no account number is in the package. A text that a"
        " spreadsheet would run as a formula has a quote mark before it. Amounts are in yuan."
    ),
    say(
        "A period that is named above bounds the reports and the rows of claims and redemptions;"
        " all other files are whole."
    ),
    say("The log is that of the whole database: it may name other programmes too."),
)


def index_of(about: dict[str, Any], files: Sequence[Written], zone: str) -> Outcome:
    """What is said of the package: what it is about, its files, how it is proved."""
    title = say("Audit package of {programme}", programme=about["programme"])
    return Outcome(
        None,
        (
            Table(title, ABOUT, [about], is_record=True, zone=zone),
            Table(say("How to prove it"), (Column("text", "", "sentence"),), [*_prove()]),
            Table(say("Files"), FILES, [*map(_described, sorted(files))]),
        ),
    )


def _prove() -> Iterator[dict[str, Any]]:
    for each in PROVE:
        yield {"text": each}


def _described(each: Written) -> dict[str, Any]:
    return {"file": each.name, "what": what(each.name), "rows": each.rows, "bytes": each.bytes}


def what(name: str) -> Word:
    """What a file of the package holds: by its name, its folder, or its name without the form."""
    stem = name.partition(".")[0]
    return WHAT.get(name) or WHAT.get(stem) or WHAT[name.rpartition("/")[0] + "/"]
