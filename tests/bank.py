"""A bank that plays its part: run by the judges' Python, it holds mock-bank's own state, takes the
files that stand in the folder it is given, and writes there what it answers. No port is opened.

Its orders come as JSON on standard input, a line each. The first says `clock` (bank time at the
beginning), `accounts` (what is held, by id), `steps`; those that follow are further steps, for who
goes by what the bank has answered. A step: `{"send": FILE}`, `{"days": N}` (the clock moves),
`{"change": [ID, FIELDS]}`, `{"books": ID}`. After each step the messages that the bank has sent are
written as NN-TYPE-ACCOUNT.xml, and a line on standard output names them; of `books`: its balance, and
the payments that it has made and that did not come back.
"""

from __future__ import annotations

import json
import sys
from itertools import chain
from pathlib import Path

from mockbank import accounts, db, outbox
from mockbank.server import Config
from mockbank.state import State

BOOKED = """
SELECT end_to_end_id, creditor_iban, amount FROM payment
WHERE account_id = ? AND booked_at IS NOT NULL AND returned_at IS NULL
"""


class Bank:
    """The state of one bank, and the folder that it writes into."""

    def __init__(self, folder: Path, asked: dict) -> None:
        self.state = State(Config(clock=asked["clock"], quiet=True))
        self.folder, self.written = folder, 0
        for name, fields in asked["accounts"].items():
            iban = db.iban("NL", f"MOCK{fields.pop('number'):010}")
            accounts.create(self.state.conn, name, {"iban": iban, **fields})

    def take(self, step: dict) -> dict:
        """Carry out a step; what came of it."""
        conn = self.state.conn
        if "books" in step:
            paid = [list(row) for row in conn.execute(BOOKED, (step["books"],))]
            return {"balance": accounts.get(conn, step["books"])["balance"], "paid": paid}
        if "send" in step:
            self.state.receive((self.folder / step["send"]).read_bytes())
        if "days" in step:
            self.state.clock.advance(days=step["days"])
        if "change" in step:
            accounts.update(conn, *step["change"])
        return {"files": [self.write(row) for row in outbox.collect(conn, self.state.now())]}

    def write(self, row: dict) -> str:
        """Write a message; gives its name."""
        self.written += 1
        kind = row["type"].split(".001.")[0]
        name = f"{self.written:02}-{kind}-{row['account']}.xml"
        (self.folder / name).write_text(row["body"], "utf-8")
        return name


def play(folder: Path) -> None:
    """Carry out the steps, and write what the bank sends."""
    asked = json.loads(sys.stdin.readline())
    bank = Bank(folder, asked)
    for step in chain(asked["steps"], map(json.loads, sys.stdin)):
        print(json.dumps(bank.take(step)), flush=True)
    bank.state.close()


play(Path(sys.argv[1]))
