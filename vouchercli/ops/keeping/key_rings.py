"""Rotate the identity key: a further key wraps every token of the file; and show the keys.

The key file only ever grows, and it grows before the database begins to use the new key. So a kill
at any instant leaves keys and tokens that fit: the database tells by their fingerprint how many of
the keys made its tokens, and a key that it does not use yet is taken by the next rotation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vouchercli.errors import VoucherError
from vouchercli.result import Column, Outcome, Problem, Table, say
from vouchercli.rules import resident_tokens
from vouchercli.rules.times import HOME_ZONE
from vouchercli.store import audit, identities, key_fingerprints
from vouchercli.store import key_rings as store
from vouchercli.store.db import WIDEST_KIB, widen_cache, writing
from vouchercli.store.db import zone as zone_of

if TYPE_CHECKING:
    from vouchercli.result import Message
    from vouchercli.session import Session
    from vouchercli.store.key_fingerprints import Keys

SUBJECT = "identity key"
PER_SECOND = 50_000  # tokens; measured 70,000 while other work shared two cores
COLUMNS = (
    Column("number", "No.", "int"),
    Column("since", "Since", "time"),
    Column("state", "State", "word"),
    Column("fingerprint", "Fingerprint"),
)


class _Keys(NamedTuple):
    """The keys of the key file, and the first of them, by which the file's tokens are made."""

    all: Keys
    used: Keys


def rotate(session: Session, reason: str) -> Outcome:
    """Wrap every token by a further key, in one transaction, and compute tokens so from then on. A
    dry run only counts: nobody has to wait for it.

    Raises `VoucherError`: key_unconfirmed, too_many_keys, no_key, wrong_key ...; then nothing was
    changed.
    """
    if session.dry_run:
        keys = _keys_of(session)
        _require_known(session, keys)
        after: dict[str, object] = {"keys": len(keys.used) + 1, "fingerprint": None}
        return _answer(session, keys.used, after, store.count(session.db), reason)
    with writing(session) as db:
        keys = _keys_of(session)
        _require_known(session, keys)
        # a further key is there already where a rotation was killed, or a backup brought back
        known = keys.all if len(keys.all) > len(keys.used) else (*keys.all, identities.make())
        new = known[: len(keys.used) + 1]
        count, after = store.count(db), _describe(new)
        widen_cache(db, WIDEST_KIB)
        lists = store.wrap_all(db, resident_tokens.Ring(new, key_fingerprints.way(db)))
        key_fingerprints.change(db, new)
        about = {"before": _describe(keys.used), "after": after}
        audit.note(session, store.DEED, SUBJECT, **about, tokens=count, lists=lists, reason=reason)
        identities.write_keys(session.path, known)  # whoever was killed may not have synced them
    return _answer(session, keys.used, after, count, reason)


def _answer(
    session: Session, before: Keys, after: dict[str, object], count: int, reason: str
) -> Outcome:
    data = {
        "db": str(session.path),
        "before": _describe(before),
        "after": after,
        "tokens": count,
        "reason": reason,
    }
    problems = _warn_of_seeds(store.undrawn(session.db))
    return Outcome(data, says=_tell(session, count), problems=problems)


def describe_work(session: Session) -> Message:
    """What a rotation would do and how long nobody else could write, before it is asked for."""
    count = store.count(session.db)
    return say(
        "{count:,} tokens are wrapped by a new key: for about {seconds:,} seconds nobody else can"
        " write; make a backup first",
        count=count,
        seconds=_seconds(count),
    )


def show(session: Session) -> Outcome:
    """The keys of the file, the oldest first: since when, and their fingerprints, never the keys.
    Raises `VoucherError` as `identities.read_keys`, and wrong_key.
    """
    keys = _keys_of(session)
    since = {each.fingerprint: each.at for each in store.rotations(session.db)}
    rows = [
        {
            "number": number,
            "since": since.get(_fingerprint(keys.all[:number])),
            "state": "in use" if number <= len(keys.used) else "not in use yet",
            "fingerprint": _fingerprint(keys.all[:number]),
        }
        for number in range(1, len(keys.all) + 1)
    ]
    zone = zone_of(session.db, session.programme) or HOME_ZONE
    return Outcome(tables=(Table(say("Keys"), COLUMNS, rows, zone=zone, key="keys"),))


def _keys_of(session: Session) -> _Keys:
    keys = identities.read_keys(session.path)
    path = identities.key_path(session.path)
    return _Keys(keys, key_fingerprints.fitting(session.db, keys, path))


def _require_known(session: Session, keys: _Keys) -> None:
    """Raise `VoucherError` key_unconfirmed, too_many_keys."""
    if not key_fingerprints.is_kept(session.db):
        raise VoucherError(
            "key_unconfirmed",
            "{path} does not know its key: it is older, and residents were in it already",
            hint="look for somebody who has a claim: voucher claim list --resident ID; if the"
            " claim is found, the key is right: voucher init",
            path=str(session.path),
        )
    if len(keys.used) >= resident_tokens.MOST_KEYS:
        raise VoucherError(
            "too_many_keys",
            "{path} holds {count} keys, the most there can be",
            hint="voucher key show",
            path=str(identities.key_path(session.path)),
            count=len(keys.used),
        )


def _fingerprint(keys: Keys) -> str:
    return key_fingerprints.of_keys(keys).hex()


def _describe(keys: Keys) -> dict[str, object]:
    return {"keys": len(keys), "fingerprint": _fingerprint(keys)}


def _seconds(count: int) -> int:
    return 1 + count // PER_SECOND


def _tell(session: Session, count: int) -> tuple[Message, ...]:
    if session.dry_run:
        return (
            say(
                "{count:,} tokens would be wrapped by a new key; for about {seconds:,} seconds"
                " nobody else could write",
                count=count,
                seconds=_seconds(count),
            ),
        )
    return (
        say("{count:,} tokens are wrapped by a new key", count=count),
        say(
            "back up {path} now, and the database: voucher backup --key-to FOLDER; older backups"
            " open with the same key file",
            path=str(identities.key_path(session.path)),
        ),
        say("older backups and notes hold tokens of the keys before: keep them as secret as those"),
    )


def _warn_of_seeds(count: int) -> tuple[Problem, ...]:
    """A seed that was committed to stays sealed as it is: what a draw has said stands."""
    if not count:
        return ()
    return (
        Problem(
            "seed_by_older_key",
            "{count} committed seeds stay sealed by the key before: who has it and this file can"
            " open them until the draw",
            level="warning",
            hint="voucher round list",
            params={"count": count},
        ),
    )
