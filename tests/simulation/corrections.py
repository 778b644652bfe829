"""Two people correct a row that stands: it leaves what is in force, with those that rest on it, and is
entered anew as it should have been, in a file of the correction's own. Nothing sealed changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import city_model
import evening
import ledgers
import listed
import small_city
from city_model import LAWFUL, pack_of
from listed import key
from small_city import shown, yuan

if TYPE_CHECKING:
    from collections.abc import Callable

    from city_model import Books, Row
    from life import Life
    from seals import Covered

WAIT = 3  # at most so many wait for a second person
PAPERS = ("--note", "typed in wrongly", "--evidence", "receipt 17")
SHOP, ORDER, SUBSIDY, REFUND_OF = 4, 6, 8, 9  # columns of a payment
SECONDS = (-3_600, -600, -1, 1, 600, 7_200)
AMOUNTS = (0, 1_000, 2_500, 4_000, 8_000)


class Change(NamedTuple):
    """What is wrong, and how it should be (None: not at all)."""

    row: Row
    after: Row | None

    @property
    def subject(self) -> Row:
        """What two changes of the same row have in common."""
        return key(self.row)


@dataclass
class Gone:
    """A row that was reversed: what it had moved, where, and on which day it is taken back."""

    row: Row
    moved: ledgers.Moved
    batch: int
    correction: int
    day: str
    covered: Covered | None


@dataclass
class Corrections:
    """What was reversed, and what waits for a second person. `out`: rows that no file brings again."""

    gone: list[Gone] = field(default_factory=list)
    out: set[Row] = field(default_factory=set)
    waiting: dict[int, Change] = field(default_factory=dict)
    states: dict[int, str] = field(default_factory=dict)

    def batches(self) -> set[int]:
        """Batches of which a row was reversed."""
        return {each.batch for each in self.gone}


class Foreseen(NamedTuple):
    """Why a change is refused, or the rows that go and those that come."""

    why: str
    go: tuple[Row, ...] = ()
    come: tuple[Row, ...] = ()


# ---------------------------------------------------------------- proposed


def propose(life: Life) -> None:
    """Somebody has noticed that a row is wrong."""
    if any(file.is_cut for file in life.city.files):
        _propose_in_between(life)
        return
    if len(life.corrections.waiting) >= WAIT:
        return
    books = evening.settle(life)
    change = books and _draw(life, books)
    if books is None or change is None:
        return
    foreseen = foresee(life, books, change)
    life.count(f"correction: {foreseen.why or 'proposed'}")
    ran = life.do(*_words(change), codes=(3,) if foreseen.why else (0, 3), trouble=life.trouble())
    if foreseen.why:
        life.agree("why a correction is refused", True, foreseen.why in ran.err)
        return
    waits = "[correction_waits_already]"
    if ran.code and waits not in ran.err:
        life.agree("whether it can be corrected", foreseen, ran.err)
    again = life.do(*_words(change), codes=(3,))
    life.agree("a correction is proposed once", True, waits in again.err)
    number = max(each["correction"] for each in _list(life) if each["state"] == "proposed")
    life.corrections.waiting[number] = change
    life.corrections.states[number] = "proposed"
    if life.chance.random() < 0.7:
        decide(life)


def _propose_in_between(life: Life) -> None:
    """While a file comes in nothing is corrected."""
    before = evening.standing(life)
    states = [each["state"] for each in life.do("batch", "list", "-o", "json").data["batches"]]
    pays = sorted(each for each in before if len(each) > 3 and each[1] == "pay")
    if "importing" in states and pays:
        words = ("redemption", "correct", life.chance.choice(pays)[0], "--amount", "777")
        ran = life.do(*words, *PAPERS, "--actor", "mei", codes=(3,), trouble=life.trouble())
        whys = ("[import_unfinished]", "[correction_waits_already]")
        life.agree("why nothing is corrected", True, any(why in ran.err for why in whys))


def _words(change: Change) -> tuple[str, ...]:
    row, after = change
    noun = "claim" if len(row) == 4 else "redemption"
    how: list[str] = ["--kind", "refund"] if noun == "redemption" and row[1] == "refund" else []
    if after is None:
        how.append("--reverse")
    elif noun == "claim":
        how += ["--claimed-at", after[3]]
    else:
        names = {0: "--number", SHOP: "--merchant", ORDER: "--amount"}
        how += [
            word for at, name in names.items() if after[at] != row[at] for word in (name, after[at])
        ]
    return noun, "correct", row[0], *how, *PAPERS, "--actor", "mei"


def _draw(life: Life, books: Books) -> Change | None:
    """A row that stands, perhaps on a sealed day, and what is thought to be right."""
    chance = life.chance
    waiting = {each.subject for each in life.corrections.waiting.values()}
    length = chance.choice((4, 10, 10, 10))
    rows = sorted(row for row in books.facts if min(len(row), 10) == length)
    rows = [row for row in rows if key(row) not in waiting]
    if not rows:
        return None
    row = chance.choice(rows)
    kind = "claim" if length == 4 else row[1]
    after = chance.choice(KINDS[kind])(life, books, row)
    return None if after == row else Change(row, after)


def _no_row(*_: object) -> None:
    return None


def _other_amount(life: Life, books: Books, row: Row) -> Row:
    threshold = pack_of(books, life.city.rules, row[2]).coupons[int(row[3]) - 1][1]
    odd = life.chance.choice((0, 0, 0, 0, 1))
    return _with(row, ORDER, yuan(threshold + life.chance.choice(AMOUNTS) - odd))


def _other_share(life: Life, books: Books, row: Row) -> Row:
    base = books.payments[row[REFUND_OF]].base_fen
    amount = yuan(base // life.chance.choice((1, 2, 4)))
    return row if amount == row[ORDER] else _with(_with(row, ORDER, amount), SUBSIDY, LAWFUL)


def _other_shop(life: Life, _: Books, row: Row) -> Row:
    return _with(row, SHOP, life.chance.choice((*sorted(life.city.rules.merchants), "M9")))


def _other_number(life: Life, books: Books, row: Row) -> Row:
    new = f"X{len(life.corrections.states) + 1}"
    return _with(row, 0, life.chance.choice((new, new, new, *sorted(books.payments)[:1])))


def _other_second(life: Life, _: Books, row: Row) -> Row:
    return _with(row, 3, shown(city_model.second(row[3]) + life.chance.choice(SECONDS)))


def _with(row: Row, at: int, cell: str) -> Row:
    return (*row[:at], cell, *row[at + 1 :])


KINDS: dict[str, tuple[Callable[[Life, Books, Row], Row | None], ...]] = {
    "claim": (_other_second, _other_second, _no_row),
    "pay": (_other_amount, _other_amount, _other_shop, _other_number, _no_row),
    "refund": (_other_share, _no_row),
}


# ---------------------------------------------------------------- by the law


def foresee(life: Life, books: Books, change: Change, also: tuple[Row, ...] = ()) -> Foreseen:
    """What becomes of a change beside all that stands; `also`: rows of its voucher that came late,
    before it in time.
    """
    row, after = change
    rules, rest = life.city.rules, [*also, *_behind(books, row)]
    granted = {each for round_ in rules.rounds for each in round_.granted or ()}
    if row in granted:
        return Foreseen("[claim_granted_here]")
    if after is None and any(len(row) == 4 or _names(each, row) for each in rest):
        return Foreseen("[rests_on_it]")
    come = [_follow(each, row, after) for each in rest]
    if after is not None:
        come.insert(0, after)
    stay = books.facts - granted - {row, *rest}
    rows = [*stay, *come]
    judged = city_model.judge(
        rules,
        [each for each in rows if len(each) == 4],
        [each for each in rows if len(each) > 4],
        life.city.now,
        stay,
        life.seals.of_rows(stay),
    )
    if not judged.facts >= {*come}:
        return Foreseen("[correction_refused]")
    if not judged.facts >= stay:
        return Foreseen("[correction_displaces]")
    return Foreseen("", (row, *rest), tuple(_with_subsidy(judged, each) for each in come))


def _behind(books: Books, row: Row) -> list[Row]:
    """What was judged after it on its voucher, or is later; of a claim all that was paid with
    it.
    """
    if len(row) == 4:
        return [each for each in books.moves if each[2] == row[0]]
    on_voucher = [each for each in books.moves if each[2:4] == row[2:4]]
    place, at = on_voucher.index(row), city_model.second(row[5])
    return [
        each
        for number, each in enumerate(on_voucher)
        if number > place or city_model.second(each[5]) > at
    ]


def _names(row: Row, wrong: Row) -> bool:
    """Whether it is a refund of the wrong payment."""
    return (row[1], wrong[1], row[REFUND_OF]) == ("refund", "pay", wrong[0])


def _follow(row: Row, wrong: Row, after: Row | None) -> Row:
    """A refund of the wrong row is one of the right row, and of all of it where it was; its subsidy
    follows from the law.
    """
    if after is not None and _names(row, wrong):
        is_full = row[ORDER:SUBSIDY] == wrong[ORDER:SUBSIDY]
        amounts = after[ORDER:SUBSIDY] if is_full else row[ORDER:SUBSIDY]
        row = _with(row, SHOP, after[SHOP])
        row = (*row[:ORDER], *amounts, row[SUBSIDY], after[0])
    return row if row[1] == "pay" else _with(row, SUBSIDY, LAWFUL)


def _with_subsidy(books: Books, row: Row) -> Row:
    if len(row) == 4 or row[SUBSIDY] != LAWFUL:
        return row
    move = books.moves[row]
    return _with(row, SUBSIDY, yuan(move.before_fen - move.after_fen))


# ---------------------------------------------------------------- decided


def decide(life: Life) -> None:
    """Who proposed a correction does not approve it; another does, or turns it down."""
    waiting = life.corrections.waiting
    if not waiting or any(file.is_cut for file in life.city.files):
        return
    number = life.chance.choice(sorted(waiting))
    books, change = evening.settle(life), waiting[number]
    if books is None:
        return
    own = life.do("correction", "approve", str(number), "--actor", "mei", codes=(3,))
    why = "[not_a_checker]" if life.city.has_staff else "[own_change]"
    if change.row not in books.facts:
        why = "["  # it does not stand any more
    life.agree("why nobody approves alone", True, why in own.err)
    if life.chance.random() < (0.2 if change.row in books.facts else 0.6):
        words = ("correction", "reject", str(number), "--note", "it was right")
        actor = life.chance.choice(("lin", "mei"))
        life.do(*words, "--actor", actor, codes=(0, 3), trouble=life.trouble())
        _end(life, number, "declined")
    elif change.row not in books.facts:
        _approve(life, number, is_refused=True)
    else:
        foreseen = foresee(life, books, change)
        batches = listed.batches(life)
        ran_err = _approve(life, number, is_refused=bool(foreseen.why))
        if foreseen.why:
            life.agree("why a correction is not approved", True, foreseen.why in ran_err)
        else:
            _end(life, number, "effective")
            if also := _came_late(life, books, number, foreseen):
                foreseen = foresee(life, books, change, also)
            _put_in_place(life, books, number, foreseen, batches)


def _approve(life: Life, number: int, *, is_refused: bool) -> str:
    words = ("correction", "approve", str(number), "--actor", "lin")
    codes = (3,) if is_refused else (0, 3)
    return life.do(*words, codes=codes, trouble=life.trouble()).err


def _end(life: Life, number: int, state: str) -> None:
    life.corrections.states[number] = state
    del life.corrections.waiting[number]
    life.count(f"correction: {state}")
    agree_on_states(life)


def _came_late(life: Life, books: Books, number: int, foreseen: Foreseen) -> tuple[Row, ...]:
    """Rows of the voucher that are earlier in time and went too: they were judged after the row,
    which only the program knows.
    """
    reversed_ = life.do("correction", "show", str(number), "-o", "json").data["rows"]
    names = {(each["number"], each["what"]) for each in reversed_}
    wrong = foreseen.go[0]
    return tuple(
        each
        for each in books.moves
        if each[2:4] == wrong[2:4] and each[:2] in names and each not in foreseen.go
    )


def _put_in_place(
    life: Life,
    books: Books,
    number: int,
    foreseen: Foreseen,
    batches: dict[listed.Key, int | None],
) -> None:
    """It has taken effect: the rows go, their files have them no more, and others come."""
    seals, mine = life.seals, life.corrections
    for row in foreseen.go:
        own, batch = key(row)[-1][:10], batches[key(row)]
        assert batch is not None
        covered = seals.rows.pop(key(row), None)
        moved = ledgers.moved(books, life.city.rules, row)
        mine.gone.append(Gone(row, moved, batch, number, max(own, seals.first_open), covered))
        mine.out.add(row)
        life.count("rows reversed behind a seal", covered is not None)
    data = life.do("correction", "show", str(number), "-o", "json").data
    life.count("rows reversed", len(foreseen.go))
    life.agree("rows of a correction", len(foreseen.go), len(data["rows"]))
    made = sorted(data["batches"])
    for kind in ("redemption", "claim"):
        rows = [row for row in foreseen.come if (len(row) == 4) == (kind == "claim")]
        if rows:
            name = f"correction {number}, {kind}s"
            file = small_city.File(name, kind, rows, by_column=False, correction=number)
            file.batch = made.pop(0)
            life.city.files.append(file)
    life.agree("batches of a correction", [], made)
    life.city.learn(foreseen.go[0], foreseen.come[0] if foreseen.come else None)


def _list(life: Life) -> list[dict[str, object]]:
    words = ("correction", "list", "-o", "json", "--limit", "0")
    return list(life.do(*words).data["corrections"])


def agree_on_states(life: Life) -> None:
    theirs = {each["correction"]: each["state"] for each in _list(life)}
    life.agree("states of corrections", life.corrections.states, theirs)


def agree_on_reversals(life: Life) -> None:
    """What was reversed is listed as it came and as its reversal."""
    agree_on_states(life)
    ours = []
    for each in life.corrections.gone:
        is_claim = len(each.row) == 4
        day = "" if is_claim else each.day
        subsidy = 0 if is_claim else -each.moved.sums["subsidy_fen"]
        ours.append((key(each.row), each.batch, each.correction, day, subsidy))
    life.agree("what was reversed", sorted(ours), listed.reversals(life))
