"""A bank that plays its part: run by the judges' Python, it holds mock-bank's own state, takes the
files that stand in the folder it is given, and writes there what it answers. No port is opened.

Its orders come as JSON on standard input: `clock` (bank time at the beginning), `accounts` (what is
held, by id), `steps`: `{"send": FILE}`, `{"days": N}` (the clock moves), `{"change": [ID, FIELDS]}`.
After each step the messages that the bank has sent are written as NN-TYPE-ACCOUNT.xml.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from mockbank import accounts, db, outbox
from mockbank.server import Config
from mockbank.state import State


def play(folder: Path, asked: dict) -> None:
    """Carry out the steps, and write what the bank sends."""
    state = State(Config(clock=asked["clock"], quiet=True))
    conn, number = state.conn, 0
    for name, fields in asked["accounts"].items():
        iban = db.iban("NL", f"MOCK{fields.pop('number'):010}")
        accounts.create(conn, name, {"iban": iban, **fields})
    for step in asked["steps"]:
        if "send" in step:
            state.receive((folder / step["send"]).read_bytes())
        if "days" in step:
            state.clock.advance(days=step["days"])
        if "change" in step:
            accounts.update(conn, *step["change"])
        for row in outbox.collect(conn, state.now()):
            number += 1
            kind = row["type"].split(".001.")[0]
            path = folder / f"{number:02}-{kind}-{row['account']}.xml"
            path.write_text(row["body"], "utf-8")
    state.close()


play(Path(sys.argv[1]), json.load(sys.stdin))
