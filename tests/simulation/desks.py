"""What the desks do with files: take them in, cut, land, again, undo, retry."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import corrections
import deeds
import listed
import seals
from small_city import shown

if TYPE_CHECKING:
    from life import Life
    from small_city import File

KINDS = ("claim", "redemption")


def send(life: Life) -> None:
    """A file comes to a desk."""
    file = _write_file(life)
    if file.rows:
        take_in(life, file)


def tell_claims(life: Life) -> None:
    """A file of claims comes to a desk."""
    _tell(life, "claim")


def tell_payments(life: Life) -> None:
    """A file of payments comes to a desk."""
    _tell(life, "redemption")


def _tell(life: Life, kind: str) -> None:
    file = _write_file(life, kind)
    if file.rows:
        take_in(life, file)


def take_in(life: Life, file: File) -> None:
    deeds.read(by_column=file.by_column)
    ran = life.do(
        file.kind, "import", file.name, "-o", "json", codes=(0, 4), trouble=life.trouble()
    )
    file.batch, file.is_cut = ran.data["batch"], False


def _write_file(life: Life, kind: str = "") -> File:
    file = life.city.write_file(kind or life.chance.choice(KINDS))
    Path(file.name).write_text(file.text, "utf-8")
    return file


def cut(life: Life) -> None:
    """An import is killed, and others go on before anybody finishes it."""
    file = _write_file(life)
    if file.rows:
        file.is_cut = True
        deeds.read(by_column=file.by_column)
        life.suffer((file.kind, "import", file.name, "--now", shown(life.city.now)), "kill")
        corrections.propose(life)


def land(life: Life) -> None:
    """A file comes into the inbox; the next tick takes it in."""
    file = _write_file(life)
    if file.rows:
        drop(file)
        deeds.read(by_column=file.by_column)
        life.tick()
        file.batch = _batch_of(life, file)


def race(life: Life) -> None:
    """A file comes to a desk while the tick takes in others, and a second desk judges again."""
    first, second = _write_file(life), _write_file(life)
    known = [file.batch for file in life.city.files if file.batch is not None]
    if not (first.rows and second.rows and known):
        return
    life.tick()  # days that are due: which rows of a race one covers would be chance
    drop(first)
    deeds.read(by_column=second.by_column)
    life.race(
        ("schedule", "tick"),
        (second.kind, "import", second.name),
        ("batch", "retry", str(life.chance.choice(known)), "--yes"),
        codes=(0, 4),
    )
    life.tick()
    first.batch, second.batch = _batch_of(life, first), _batch_of(life, second)


def race_with_seal(life: Life) -> None:
    """A file comes to a desk while somebody seals yesterday: its rows are on that day or late."""
    day = seals.following(shown(life.city.now)[:10], -1)
    before, is_cut = seals.following(day, -1), any(file.is_cut for file in life.city.files)
    if day <= max(life.seals.last, seals.FIRST) or is_cut:
        return
    life.do("day", "close", before, "--actor", "lin")
    file = _write_file(life)
    if not file.rows:
        return
    stood = {*listed.batches(life)}
    deeds.read(by_column=file.by_column)
    words = (file.kind, "import", file.name)
    life.race(words, ("day", "close", day, "--actor", "lin"), codes=(0, 3, 4))
    seals.look(life, stood)
    file.batch = _batch_of(life, file)


def drop(file: File) -> None:
    """Lay a file into the inbox, complete for a minute."""
    path = Path("inbox/shop", f"{file.kind}s", file.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(file.text, "utf-8")
    os.utime(path, (deeds.MACHINE - 60, deeds.MACHINE - 60))


def _batch_of(life: Life, file: File) -> int:
    """By its content: the same bytes under another name are the file that came before."""
    digest = sha256(file.text.encode()).hexdigest()
    batches = life.do("batch", "list", "-o", "json", "--limit", "0").data["batches"]
    return next(
        each["batch"] for each in batches if each["sha256"] == digest and each["state"] != "undone"
    )


def again(life: Life) -> None:
    """A file comes a second time, or once more after it was undone."""
    files = [file for file in life.city.files if file.rows and Path(file.name).exists()]
    if files:
        take_in(life, life.chance.choice(files[-8:]))


def undo(life: Life) -> None:
    files = [file for file in life.city.files if file.batch is not None]
    if files:
        life.stood = set()
        gone = life.chance.choice(files[-4:]).batch
        words = ("batch", "undo", str(gone), "--yes")
        ran = life.do(*words, codes=(0, 3), trouble=life.trouble())
        is_sealed = any(each.batch == gone for each in life.seals.rows.values())
        life.agree("whether a batch is sealed", is_sealed, "[day_sealed]" in ran.err)
        is_corrected = not is_sealed and _is_corrected(life, gone)
        life.agree("whether a batch is corrected", is_corrected, "[batch_corrected]" in ran.err)
        if ran.code == 0 or "[batch_undone]" in ran.err:
            for each in files:
                each.batch = None if each.batch == gone else each.batch


def _is_corrected(life: Life, batch: int | None) -> bool:
    made = {file.batch for file in life.city.files if file.correction}
    return batch in made | life.corrections.batches()


def retry(life: Life) -> None:
    files = [file for file in life.city.files if file.batch is not None]
    if files:
        words = ("batch", "retry", str(life.chance.choice(files[-6:]).batch), "--yes")
        life.do(*words, codes=(0, 4), trouble=life.trouble())
