"""Each file in the inbox is imported by its kind and moved away with its summary; a bad file does
not stop the others.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vouchercli import identities
from vouchercli.errors import closest
from vouchercli.formats.written import folders, trust
from vouchercli.ops.answers import answer
from vouchercli.ops.intake import summaries
from vouchercli.ops.schedule.jobs import Done, attempt
from vouchercli.ops.schedule.reminders import remind_once
from vouchercli.ops.setup import closed
from vouchercli.result import Outcome, Problem, Word, say
from vouchercli.rules import doors, times
from vouchercli.store import programmes
from vouchercli.store.db import zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vouchercli.formats.configs.limits import Limits
    from vouchercli.formats.written.folders import Landed
    from vouchercli.ops.intake.importing import Watch
    from vouchercli.ops.schedule.workers import Worker
    from vouchercli.session import Session

# The folder of a kind, and the function that imports its files; in this order within one second.
IMPORTERS = {
    "merchants": ("registries", "import_merchants"),
    "eligibility": ("eligibility", "import_eligibility"),
    "series": ("series", "import_series"),
    "applications": ("applications", "import_applications"),
    "claims": ("claims", "import_claims"),
    "redemptions": ("redemptions", "import_redemptions"),
    "cells": ("effects", "import_from"),
    "survey": ("effects", "import_from"),
}
KINDS = tuple(IMPORTERS)
OF_PROGRAMMES = (
    "eligibility",
    "applications",
    "claims",
    "redemptions",
    "cells",
    "survey",
)  # the others are a city's
ASKING = ("eligibility", "applications")  # what the allocation rests on
# These errors are not the fault of the file: it stays where it is for the next tick.
NOT_THE_FILES = (
    "disk_full",
    "no_permission",
    "damaged_database",
    "no_key",
    "linked_key",
    "key_exposed",
    "bad_key",
    "no_programme",
    "which_programme",
    "unwritable_file",
    "unreadable_file",
    "import_ended",
)


def list_waiting(session: Session, inbox: Path | None) -> list[Landed]:
    """List the files to take in, in the order in which they came; when a programme is chosen, only
    its files and those of the whole city.
    """
    if inbox is None or not inbox.is_dir():
        return []
    return [
        file
        for file in folders.landed(inbox, KINDS, session.entered_at)
        if session.programme is None or file.programme in (None, session.programme)
    ]


def take_in(
    session: Session,
    file: Landed,
    inbox: Path,
    watch: Watch,
    apart: tuple[Worker, Limits] | None = None,
) -> Done | None:
    """Import one file and move it away: to done/ when it was read (rejects are kept), failed/ when
    it was refused whole. `watch` hears of each chunk; with `apart` the work is done by another
    process, and `watch` only hears that nothing is to be done here.
    """
    name = identities.hide(str(file.path.relative_to(inbox)))
    blank = Done(
        "import", name, zone(session.db, file.programme or session.programme), file.programme
    )
    if trust.file_fault(file.path):  # since it was listed
        return None
    if apart is None or session.dry_run:
        done = attempt(session, blank, _import, file, inbox, watch)
    else:
        worker, limits = apart
        done = worker.attempt(session, blank, limits, watch.idle, _import, file, inbox)
    if done is None or session.dry_run or (done.error and done.error.code in NOT_THE_FILES):
        return done
    moved = attempt(session, blank, _file_away, file, done, inbox)
    return moved if moved and moved.error else _summarize(done)


def _import(session: Session, file: Landed, inbox: Path, watch: Watch | None = None) -> Outcome:
    """Import a file in the name of the folder in which it lies."""
    module, function = IMPORTERS[file.kind]
    if file.kind in OF_PROGRAMMES:
        row = programmes.meant(session.db, file.programme or session.programme)
        if row is not None:
            closed.require_open(session.db, row)
    importer: Callable[..., Outcome] = getattr(
        import_module(f"vouchercli.ops.intake.{module}"), function
    )
    more: dict[str, Any] = {"sender": file.platform, "watch": watch}
    if file.kind == "eligibility":
        # The residents count as listed from the time of the file, however late the tick takes it in
        more["listed_at"] = min(session.now, file.changed_at)
        more["note"] = identities.hide(file.path.name)
    elif file.kind == "claims":
        more["platform"] = file.platform
    hand = session._replace(
        programme=file.programme or session.programme,
        actor=f"{doors.INBOX}/{file.path.parent.relative_to(inbox).as_posix()}",
    )
    return importer(hand, str(file.path), **more)


def _file_away(session: Session, file: Landed, done: Done, inbox: Path) -> Outcome:
    """Move the file to done/ or failed/ and write its summary there."""
    outcome = done.outcome
    summary = {
        "voucher": 1,
        "command": "schedule tick",
        "status": outcome.status if outcome else "refused",
        "file": identities.hide(file.path.name),
        "platform": identities.hide(file.platform),
        "kind": file.kind,
        "at": times.iso(session.now, done.zone),
        "data": answer(outcome) if outcome else None,
        "problems": [
            {
                "code": each.code,
                "level": each.level,
                "where": each.where,
                "message": _fill_in(each.text, each.params),
                "hint": _fill_in(each.hint, each.params),
            }
            for each in done.problems()
        ],
    }
    is_repeat = outcome is not None and "repeats" in answer(outcome)
    target = folders.put_away(
        file.path, "done" if outcome else "failed", summary, is_repeat=is_repeat
    )
    return Outcome(data=identities.hide(str(target.relative_to(inbox))))


def _fill_in(text: str, params: dict[str, Any]) -> str:
    return text.format(**params) if params else text


def _summarize(done: Done) -> Done:
    """Summarize an import: its counts, and a warning when rows were rejected."""
    if done.outcome is None:
        return done
    data = answer(done.outcome)
    counts = (
        say("the same file came before, as batch {batch}: nothing to do", **data)
        if "repeats" in data
        else say(
            "{read:,} rows = {accepted:,} accepted + {duplicate:,} duplicate + {rejected:,}"
            " rejected (batch {batch})",
            **data,
        )
    )
    is_guess = data.get("encoding_is_guess", False)
    says = (counts, summaries.say_guess(data)) if is_guess else (counts,)
    rejected = Problem(
        "rows_rejected",
        "{file}: {rejected} of {read} rows were rejected",
        level="warning",
        hint="voucher batch show {batch}",
        params=data | {"file": done.subject},
    )
    return replace(
        done,
        outcome=replace(done.outcome, says=says, problems=(rejected,) if data["rejected"] else ()),
    )


def remind_of_strays(session: Session, inbox: Path) -> Iterator[Done]:
    """Remind once of each file that lies in no folder of a platform and a kind."""
    for path in folders.strays(inbox, KINDS):
        name = identities.hide(trust.printed(path.relative_to(inbox)))
        stray = Problem(
            "stray_file",
            "{file} is not in a folder of a platform and a kind: it is not imported",
            level="warning",
            hint="move it to {inbox}/{platform}/{kind}/{name}",
            params={
                "file": trust.printed(path),
                "inbox": str(inbox),
                "name": trust.printed(path.name),
                **_place(
                    tuple(map(trust.printed, path.relative_to(inbox).parts[:-1])),
                    trust.printed(path.name),
                ),
            },
        )
        reminder = remind_once(session, f"stray {name}", session.now, stray, {"file": name})
        if reminder is not None:
            yield Done("remind", name, zone(session.db, session.programme), outcome=reminder)


def say_untrusted(inbox: Path) -> Iterator[Done]:
    """Say which folders are not used, because they lead elsewhere or are another user's."""
    for folder, why in folders.untrusted(inbox, KINDS):
        yield Done(
            "import",
            identities.hide(trust.printed(folder.relative_to(inbox.parent))),
            times.HOME_ZONE,
            error=trust.untrusted(folder, why),
        )


def remind_of_refused(session: Session, inbox: Path) -> Iterator[Done]:
    """Remind once of each file that lies in a right folder and is no file to be read."""
    for path, why in folders.refused(inbox, KINDS):
        name = identities.hide(trust.printed(path.relative_to(inbox)))
        problem = Problem(
            "untrusted_file",
            "{file} is not imported: {why}",
            level="warning",
            hint="let the sender put an ordinary file with a name in UTF-8 there",
            params={"file": name, "why": why},
        )
        reminder = remind_once(session, f"refused {name}", session.now, problem, {"file": name})
        if reminder is not None:
            yield Done("remind", name, zone(session.db, session.programme), outcome=reminder)


# what a folder or a file is called by whoever sends it
CALLED = {
    "核销": "redemptions",
    "领取": "claims",
    "领券": "claims",
    "报名": "applications",
    "商户": "merchants",
    "名单": "eligibility",
    "统计": "series",
    "分组": "cells",
    "问卷": "survey",
}


def _place(folders_above: tuple[str, ...], name: str) -> dict[str, str]:
    """The platform and the kind that a stray file was probably meant for, as far as its folders and
    its name tell.
    """
    kinds = {each: _kind_of(each) for each in (*folders_above, name)}
    platforms = [each for each in folders_above if not kinds[each]]
    return {
        "platform": platforms[-1] if platforms else Word("PLATFORM"),
        "kind": next((kind for kind in reversed(kinds.values()) if kind), Word("KIND")),
    }


def _kind_of(name: str) -> str:
    called = next((kind for word, kind in CALLED.items() if word in name), "")
    near = closest(name, KINDS)
    return called or (near if near[:1] == name[:1].casefold() else "")
