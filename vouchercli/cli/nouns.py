"""The nouns of the command line, in the order of the work: one list for the front door and for the
commands inside sentences.
"""

from __future__ import annotations

# noun -> (module, help): a module is imported when its noun is asked for, so that every command
# starts fast.
NOUNS = {
    "init": ("start", "Make an empty database and its key here."),
    "programme": ("programmes", "Programmes: budget, funders, limits, staff."),
    "template": ("templates", "Card-pack templates: coupons, validity, scope, funding."),
    "profile": ("profiles", "File profiles: how the files of a platform are laid out."),
    "round": ("rounds", "Rounds: schedule, submit, approve, open, close."),
    "application": ("applications", "Applications: who asked for a pack of a round."),
    "eligibility": ("eligibility", "Eligibility lists: who belongs to which group."),
    "merchant": ("merchants", "The merchant registry: import, list, suspend."),
    "claim": ("claims", "Claims: packs granted to residents."),
    "draw": ("draws", "Lotteries: commit to a seed, publish the entrants, draw, verify."),
    "redemption": ("redemptions", "Redemptions and refunds: import, list, check one order."),
    "series": ("series", "Series: turnover, orders, open shops to compare with."),
    "correction": ("corrections", "Corrections of single rows, decided by two people."),
    "batch": ("batches", "Imported files: show, rejects, resume, retry, undo."),
    "fund": ("funds", "Funds: what was given, where it stands, what goes back."),
    "day": ("days", "Days: seal them, sign them, prove them."),
    "settlement": ("settlements", "Settlements: merchants are paid, held, asked to pay back."),
    "reconcile": ("reconcile", "Reconciliation: bills and statements beside what stands here."),
    "risk": ("risk", "Risk: scan payments for abuse, list and show what was found."),
    "case": ("cases", "Cases: who is looked into, on what evidence, and what came of it."),
    "ledger": ("ledgers", "The ledger: accounts, postings, journals for other programs."),
    "todo": ("todo", "What waits for whom, and the command that does it."),
    "schedule": ("schedule", "Scheduled jobs: do what is due, once and in order."),
    "effect": ("effects", "Effect: what vouchers did, with honest intervals."),
    "report": ("reports", "Reports: leverage, rounds."),
    "export": ("exports", "Open data: sums for everybody, small groups left out."),
    "lake": ("lakes", "The lake: sealed days as Parquet, for a province."),
    "audit": ("audit", "The log of every action: read it, verify it."),
    "law": ("law", "The rules that rows are held to, in words."),
    "check": ("check", "Check that the books agree with the claims and redemptions."),
    "demo": ("demo", "Build a synthetic Hangzhou 2020 here and report on it."),
    "backup": ("backups", "Copy the database while others work, and prove the copy."),
    "restore": ("restores", "Put a backup in the place of the database."),
    "key": ("key_rings", "The key of residents' tokens: show it, rotate it."),
    "doctor": ("doctor", "Check this machine and this file, and say what to correct."),
    "help": ("topics", "Find a topic, a code or a word; or a command: voucher help round create."),
}
WITHOUT_DATABASE = ("demo",)  # makes its own
