"""Nobody's identity stays: after a full life with good, bad, shifted and swapped rows of every kind
of file, no identity is found in any byte that the program wrote: database with its log and free
pages, logs, outbox, exports, standard output and error.

What the program only moves (the senders' own files in the inbox) is theirs; its name is ours.
"""

from __future__ import annotations

import os
import stat
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from towns import write

from vouchercli import identities
from vouchercli.ops.intake import by_columns, chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ran

HEADERS = {
    "merchant": "merchant_no,name,uscc,district,address,phone,account_name,account_no,备注,联系手机",
    "application": "application_no,round,resident,applied_at,group,device,mobile,card,备注,用户手机",
    "eligibility": "resident,group,district,备注,用户手机",
    "claim": "claim_no,round,resident,claimed_at,备注,用户手机",
    "redemption": "transaction_no,kind,claim_no,coupon_no,merchant_no,paid_at,order_amount,"
    "merchant_discount,subsidy,refund_of,备注,用户手机",
}
# One good row of each, made of the number of the row; the resident's place is filled by the maker.
GOOD: dict[str, Callable[[int], list[str]]] = {
    "merchant": lambda n: f"M{n},面馆,,西湖区,文三路1号,0571-88888888,面馆,12010,,?".split(","),
    "application": lambda n: f"A{n},l1,?,2020-03-20 10:00:00,,d{n},,,,?".split(","),
    "eligibility": lambda n: ["?", "low", "西湖区", "", "?"],
    "claim": lambda n: f"C{n},r1,?,2020-03-27 08:00:01,,?".split(","),
    "redemption": lambda n: [
        *(f"T{n}", "pay", f"C{n}", "1", "M1", "2020-03-27 12:00:00"),
        *("60.00", "0", "10.00", "", "", "?"),
    ],
}
# By the law of keys these columns keep a number that is no true identity number.
KEYS = {
    "merchant": (0, 2, 5, 7),
    "application": (0,),
    "eligibility": (),
    "claim": (0,),
    "redemption": (0, 2, 4, 9),
}


class People:
    """Makes identities, each once, and remembers them."""

    def __init__(self) -> None:
        self._next, self.all = count(1), list[str]()

    def one(self, kind: int | None = None) -> str:
        """The next identity: 0 a true identity number, 1 a mobile, 2 one of 15 digits, 3 a card,
        4 an e-mail.
        """
        n = next(self._next)
        identity = (
            _true_number(n),
            f"138{n:04d}7{n % 1000:03d}",
            f"330106{60 + n % 40}0101{n % 1000:03d}",
            _card(n),
            f"somebody{n}@example.com",
        )[n % 5 if kind is None else kind]
        self.all.append(identity)
        return identity


def _true_number(n: int) -> str:
    first = f"3301061990{1 + n % 12:02d}{1 + n % 28:02d}{n % 1000:03d}"
    return first + identities.check_character(first)


def _card(n: int) -> str:
    return next(
        card
        for last in range(10)
        if identities.is_luhn(card := f"621700{n:04d}55{n % 1000:03d}{last}")
    )


def dressed(identity: str, n: int) -> str:
    """The identity as people write it."""
    if "@" in identity:
        return identity
    wide = identity.translate(str.maketrans("0123456789X", "０１２３４５６７８９Ｘ"))
    parted = identity[:3], identity[3:7], identity[7:]
    is_mobile = len(identity) == 11
    return (
        identity,
        wide,
        identity.lower(),
        " ".join(parted) if is_mobile else identity,
        f"+86 {'-'.join(parted)}" if is_mobile else identity,
        f"见{identity}，不清楚",
    )[n % 6]


def rows_of(kind: str, people: People, first: int) -> Iterator[list[str]]:
    """Rows with an identity in every place: in it, before it, behind it, beside it, in exchange."""
    number = count(first)

    def good() -> list[str]:
        return [people.one(1) if cell == "?" else cell for cell in GOOD[kind](next(number))]

    width = len(GOOD[kind](0))
    yield good()
    for at in range(width):
        row = good()  # an identity in place of a cell
        key = at in KEYS[kind]
        row[at] = people.one(0) if key else dressed(people.one(), at)
        yield row
        row = good()  # before it: the row is too long
        row.insert(at, dressed(people.one(), at + 1))
        yield row
        row = good()  # too short
        del row[at]
        row[-1] = people.one()
        yield row
    for at in range(1, width):  # two cells in exchange
        row = good()
        where = GOOD[kind](0).index("?")
        if kind in ("merchant", "redemption"):
            row[where] = people.one(0)
        row[0 if at == where else at], row[where] = row[where], row[0 if at == where else at]
        yield row
    yield good()


def as_csv(path: Path, header: str, rows: list[list[str]]) -> str:
    return write(path, "\n".join([header, *(",".join(row) for row in rows)]) + "\n")


def as_xlsx(path: Path, header: str, rows: list[list[str]]) -> str:
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    for number, row in enumerate([header.split(","), *rows]):
        for at, cell in enumerate(row):
            sheet.write_string(number, at, cell)
    book.close()
    return str(path)


# ---------------------------------------------------------------- the search

FOLDED = str.maketrans("０１２３４５６７８９Ｘ＠", "0123456789X@")
DRESS = dict.fromkeys(map(ord, " -\u3000\0"))


def searched(content: bytes) -> str:
    """All of it as one text in which an identity is found in every dress: UTF-8 or UTF-16, in
    groups or not, of any width.
    """
    text = content.decode("utf-8", "replace")
    for codec in ("utf-16-le", "utf-16-be"):
        text += content.decode(codec, "replace") + content[1:].decode(codec, "replace")
    return text.translate(FOLDED).translate(DRESS).upper()


def left_behind(people: People, written: dict[str, bytes]) -> list[str]:
    """`where: identity` for each identity that is found."""
    return [
        f"{where}: {identity}"
        for where, content in written.items()
        for text in [searched(content)]
        for identity in people.all
        if identity.upper() in text
    ]


def all_written(said: list[Ran]) -> dict[str, bytes]:
    """What was said, and every file in this folder with its name; of what lies in the inbox only
    the summaries are ours.
    """
    written = {"said": "\n".join(ran.out + ran.err + ran.clock for ran in said).encode()}
    for path in Path().rglob("*"):
        is_moved = {"done", "failed"} & {*path.parts}
        if path.is_file() and path.parts[0] != "theirs" and (is_moved or path.parts[0] != "inbox"):
            is_ours = not is_moved or path.suffix == ".json"
            written[str(path)] = str(path).encode() + (path.read_bytes() if is_ours else b"")
    return written


# ---------------------------------------------------------------- a life


def live(voucher: Callable[..., Ran], people: People, form: str, lang: str) -> list[Ran]:
    """A programme from its start to its reports, with every kind of file; what was said."""
    said: list[Ran] = []

    def run(*args: str, now: str = "2020-06-30 09:00") -> Ran:
        said.append(voucher(*args, "--lang", lang, "--now", now, expect=None))
        return said[-1]

    as_file = {"csv": as_csv, "xlsx": as_xlsx}[form]
    Path("theirs").mkdir()
    towns.build(
        voucher,
        towns.programme(limits={"packs_per_resident_per_round": 1}),
        towns.pack(),
        merchants="merchant_no,name,district\nM1,面馆,西湖区\n",
    )
    towns.make_round(voucher, "r1", packs=900, state="open")
    towns.make_round(voucher, "g1", packs=900, state="open")
    towns.make_round(
        voucher, "l1", "--mode", "lottery", "--registration-opens", "2020-03-20", packs=4
    )
    run("draw", "commit", "l1", now="2020-03-20 09:30")
    for at, kind in enumerate(HEADERS):
        rows = [*rows_of(kind, people, 1)]
        file = as_file(Path("theirs", f"{kind}{people.one(0)}.{form}"), HEADERS[kind], rows)
        more = ("--note", f"因{people.one()}投诉") if kind == "eligibility" else ()
        now = "2020-03-21 09:00" if kind == "application" else "2020-06-30 09:00"
        run(kind, "import", file, *more, "--dry-run", now=now)
        ran = run(kind, "import", file, *more, now=now)
        assert ran.code in (0, 4), ran.err
        batch = voucher("batch", "list", "-o", "json").data["batches"][0]["batch"]
        for ways in ((), ("-o", "json"), ("-o", "csv"), ("-o", "jsonl")):
            run("batch", "rejects", str(batch), *ways)
            run("batch", "show", str(batch), *ways[:2])
        run("batch", "rejects", str(batch), "--to", f"rejects{at}.csv")
        mended = run(kind, "import", f"rejects{at}.csv", now=now)
        assert mended.code in (0, 4), mended.err
        run("batch", "retry", str(batch), "--yes")
        # a header that nobody knows, and none at all
        odd = [[people.one(), people.one(), "甲"], [people.one(), "乙", people.one()]]
        file = as_file(Path("theirs", f"odd{at}.{form}"), ",".join(odd[0]), odd)
        for ways in ((), ("-o", "json")):
            run(kind, "import", file, *ways)
            run(kind, "import", f"{people.one()}.csv", *ways)
        resident = people.one(0)
        for noun in ("list", "show", "nothing"):
            run(kind, noun, resident)
        run(kind, "list", "--resident", resident, "--limit", "0")
        run(kind, "list", "--round", resident, "-o", "json")
    _grant(run, people)
    run("draw", "entrants", "l1", "--to", "out", now="2020-03-27 07:59")
    run("round", "open", "l1", now="2020-03-27 08:00")
    run("draw", "run", "l1", "--to", "out", now="2020-03-27 08:00")
    run("merchant", "suspend", "M1", "--reason", f"举报人{people.one()}", "--yes")
    run("round", "pause", "r1", "--note", f"电话{dressed(people.one(1), 3)}")
    _tick(run, people)
    for ways in ((), ("-o", "json"), ("-o", "csv")):
        for words in (
            ("report", "leverage", "--by", "merchant"),
            ("report", "rounds"),
            ("audit", "log"),
            ("claim", "list"),
            ("redemption", "list"),
            ("merchant", "list"),
            ("batch", "list"),
            ("eligibility", "list", "--group", "low"),
            ("application", "list"),
            ("check",),
            ("audit", "verify"),
            ("doctor",),
            ("todo",),
        ):
            run(*words, *ways)
    run("batch", "undo", "9", "--yes", "--note", people.one())
    return said


def _grant(run: Callable[..., Ran], people: People) -> None:
    """Packs at the desk, and what goes wrong there."""
    now = "2020-03-28 10:00"
    somebody = people.one(1)
    run("claim", "grant", "g1", somebody, now=now)
    run("claim", "grant", "g1", somebody, now=now)
    run("claim", "grant", somebody, "g1", now=now)
    run("claim", "grant", "g1", "X1", "--application", people.one(1), now=now)
    run("claim", "grant", "g1", people.one(1), "--application", people.one(0), now=now)
    run("claim", "grant", "g1", people.one(1), people.one(0), "-o", "json", now=now)
    lines = [f"{people.one()},K1", f"K2,{people.one(1)}", f"{people.one(1)},{people.one(0)}"]
    run("claim", "grant", "g1", "--from", write("theirs/desk.txt", "\n".join(lines)), now=now)


def _tick(run: Callable[..., Ran], people: People) -> None:
    """Files in the inbox, good ones and bad ones, some named after people."""
    folder = Path("inbox", "town", "claims")
    folder.mkdir(parents=True)
    rows = [[f"X{n}", "r1", people.one(1), "2020-03-27 09:00:00", "", ""] for n in range(3)]
    as_csv(folder / f"张三{people.one(0)}.csv", HEADERS["claim"], rows)
    as_csv(folder / "bad.csv", people.one(), [[people.one(), people.one()]])
    as_csv(Path("inbox", f"{people.one(1)}.csv"), HEADERS["claim"], rows)
    for path in Path("inbox").rglob("*.csv"):
        os.utime(path, (1, 1))
    run("schedule", "tick", "--log-file", "tick.log")
    run("schedule", "tick", "--log-file", "tick.log", "-o", "json")
    run("schedule", "status")


@pytest.mark.parametrize(
    ("form", "lang", "way"),
    [
        ("csv", "en", "rows"),
        pytest.param("xlsx", "zh", "rows", marks=pytest.mark.slow),
        pytest.param("csv", "zh", "columns", marks=pytest.mark.slow),
        pytest.param("xlsx", "en", "columns", marks=pytest.mark.slow),
    ],
)
def test_after_a_full_life_no_identity_is_found_in_anything_written(
    voucher: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    lang: str,
    way: str,
) -> None:
    if way == "columns":
        monkeypatch.setattr(by_columns, "BYTES", 0)
        monkeypatch.setattr(chunks, "LINES", 7)
    people = People()
    said = live(voucher, people, form, lang)
    written = all_written(said)
    assert left_behind(people, written) == []
    assert len(people.all) > 200 and b"token:" in written["said"]
    assert {"voucher.db", "tick.log", "rejects0.csv"} <= written.keys()


def test_the_search_finds_what_is_there() -> None:
    people = People()
    mobile, number = people.one(1), people.one(0)
    dresses = [dressed(mobile, n) for n in range(6)]
    for dress in (*dresses, number, number.lower()):
        for codec in ("utf-8", "utf-16-le", "utf-16-be", "utf-16"):
            assert left_behind(people, {"x": b"a" + dress.encode(codec) + b"b"}), (dress, codec)
    assert left_behind(people, {"x": b"138 0000 0000"}) == []


@pytest.mark.parametrize("form", ["csv", pytest.param("xlsx", marks=pytest.mark.slow)])
def test_a_program_that_does_not_mask_is_caught(
    voucher: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(identities, "find", lambda text: [])
    people = People()
    said = live(voucher, people, form, "en")
    assert len(left_behind(people, all_written(said))) > 20


# ---------------------------------------------------------------- single laws


@pytest.fixture
def town(voucher: Callable[..., Ran], once: Any) -> Callable[..., Ran]:
    """A town with the open round t-30-5."""

    def build() -> None:
        towns.build(
            voucher,
            towns.programme(),
            towns.pack(),
            merchants="merchant_no,name,district\nM1,面馆,西湖区\n",
        )
        towns.make_round(voucher, "t-30-5", packs=900, state="open")

    once("privacy", build)
    return voucher


AT = "2020-03-27 10:00:00"
CLAIMS = "claim_no,round,resident,claimed_at\n"


def rejected(voucher: Callable[..., Ran], batch: int) -> list[tuple[str, list[str]]]:
    rows = voucher("batch", "rejects", str(batch), "-o", "json").data["rejects"]
    return [(row["reason"], row["cells"]) for row in rows]


def is_token(text: str) -> bool:
    return text.startswith("token:") and len(text) == 38


def test_rows_out_of_position_lose_their_identities(town: Callable[..., Ran]) -> None:
    """The cases of the finding, and their right values."""
    rows = [
        f"C1,t-30-5,13812345670,{AT}",
        f"C2,13812345679,t-30-5,{AT}",
        f"C6,13812345672,{AT}",
        "C5,t-30-5,,330106199001011235",
        "C7,t-30-5,330106199001011236,bad time 13812345673",
        f"330106199001011234,t-30-5,13812345671,{AT}",
        f"13812345674,t-30-5,C9,{AT}",
    ]
    ran = town("claim", "import", write("c.csv", CLAIMS + "\n".join(rows)), expect=4)
    kept = rejected(town, 2)
    assert [reason for reason, _ in kept] == [
        "unknown_round",
        "bad_row",
        "bad_row",
        "bad_time",
        "bad_row",
        "bad_row",
    ]
    no_round, short, blank, bad_time, number, swapped = (cells for _, cells in kept)
    assert no_round[0] == "C2" and is_token(no_round[1]) and no_round[3] == AT
    assert short[0] == "C6" and is_token(short[1])
    assert blank[:3] == ["C5", "t-30-5", ""] and is_token(blank[3])
    assert is_token(bad_time[2]) and is_token(bad_time[3].removeprefix("bad time "))
    assert is_token(number[0]) and number[1] == "t-30-5" and is_token(number[2])
    assert is_token(swapped[0]) and swapped[1] == "t-30-5"
    assert "there is no round token:" in ran.err and "an identity" not in ran.err
    assert "a person's identity stands in a key" in ran.err
    towns_claims = towns.ask(".", "SELECT claim_no FROM claims")
    assert towns_claims == [("C1",)]


def test_a_claim_number_that_looks_like_a_mobile_is_one(town: Callable[..., Ran]) -> None:
    rows = f"13812345671,t-30-5,13900000001,{AT}\n13812345672,nosuch,13900000002,{AT}\n"
    ran = town("claim", "import", write("c.csv", CLAIMS + rows), expect=4)
    assert towns.ask(".", "SELECT claim_no FROM claims") == [("13812345671",)]
    assert rejected(town, 2)[0][1][0] == "13812345672" and "there is no round nosuch" in ran.err
    paid = f"6222021234567890128,pay,13812345671,1,M1,{AT},60.00,0,10.00,\n"
    paid += f"T2,pay,13812345679,1,M1,{AT},60.00,0,10.00,\n"
    ran = town("redemption", "import", write("r.csv", towns.PAYMENTS + paid), expect=4)
    assert towns.ask(".", "SELECT transaction_no FROM redemptions") == [("6222021234567890128",)]
    assert rejected(town, 3)[0][1][2] == "13812345679"
    assert "there is no claim 13812345679 here" in ran.err


def test_numbers_by_district_and_day_are_nobodys(town: Callable[..., Ran]) -> None:
    first = "33010620200327000"
    number = first + identities.check_character(first)
    town(
        "claim",
        "import",
        write("c.csv", CLAIMS + f"{number},t-30-5,13900000001,{AT}\nC1,t-30-5,13900000002,{AT}\n"),
    )
    assert {row[0] for row in towns.ask(".", "SELECT claim_no FROM claims")} == {number, "C1"}


def test_columns_of_telephones_in_place_of_numbers_refuse_the_file(
    town: Callable[..., Ran],
) -> None:
    rows = "".join(f"1390000000{n},t-30-5,C{n},{AT}\n" for n in range(5))
    ran = town("claim", "import", write("c.csv", CLAIMS + rows), expect=3)
    assert "has people's telephone numbers in the column claim_no" in ran.err


def test_what_was_masked_is_mended_and_comes_back_as_the_same_person(
    town: Callable[..., Ran],
) -> None:
    rows = f"C1,13900000001,t-30-5,{AT}\nC2,t-30-5,13900000001,bad\nC4,t-30-5,13900000004,{AT}\n"
    town("claim", "import", write("c.csv", CLAIMS + rows), expect=4)
    (_, swapped), (_, _) = rejected(town, 2)
    mended = write("mended.csv", CLAIMS + f"C1,t-30-5,{swapped[1]},{AT}\n")
    town("claim", "import", mended)
    town("claim", "import", write("again.csv", CLAIMS + f"C3,t-30-5,13900000001,{AT}\n"), expect=4)
    assert rejected(town, 4)[0][0] == "resident_limit"
    # a token in a key is a number that was masked
    lost = write("lost.csv", CLAIMS + f"{swapped[1]},t-30-5,13900000005,{AT}\n")
    town("claim", "import", lost, expect=4)
    assert rejected(town, 5)[0][0] == "bad_row"


def test_a_file_without_a_header_shows_no_row_in_its_refusal(town: Callable[..., Ran]) -> None:
    rows = f"C20,r1,330106199007031143,{AT},张三\nC21,r1,330106199007031143,{AT},李四\n"
    for ways in ((), ("-o", "json"), ("--lang", "zh")):
        ran = town("claim", "import", write("c.csv", rows), *ways, expect=3)
        assert "330106199007031143" not in ran.out + ran.err and "张三" not in ran.out + ran.err


def test_a_file_named_after_a_person_is_kept_and_resumed_without_the_name(
    town: Callable[..., Ran],
) -> None:
    file = write("张三13900000001.csv", CLAIMS + f"C1,t-30-5,13900000001,{AT}\n")
    ran = town("claim", "import", file)
    assert "张三***.csv: 1 rows read" in ran.err
    assert "imported before as batch 2" in town("claim", "import", file).err
    towns.by_hand(".", "UPDATE batches SET state = 'importing' WHERE batch_id = 2")
    ran = town("batch", "resume", "2", expect=3)
    assert "an identity stood in it" in ran.err and "--file FILE" in ran.err
    town("batch", "resume", "2", "--file", file)


def test_a_merchant_keeps_telephone_and_account_and_loses_people(town: Callable[..., Ran]) -> None:
    header = "merchant_no,name,district,address,phone,account_no,备注\n"
    rows = (
        "M2,面馆,西湖区,文三路1号 找13900000001,13900000002,6222021234567890128,13900000003\n"
        "M3,面馆,西湖区,文三路1号,33010619900101123X,,\n"
        "M4,,西湖区,文三路1号,13900000004,6222021234567890128,13900000005\n"
    )
    town("merchant", "import", write("m.csv", header + rows), expect=4)
    kept = dict(towns.ask(".", "SELECT phone, account_no FROM merchants WHERE merchant_no = 'M2'"))
    assert kept == {"13900000002": "***************0128"}
    ((address,),) = towns.ask(".", "SELECT address FROM merchants WHERE merchant_no = 'M2'")
    assert is_token(address.removeprefix("文三路1号 找"))
    (_, number), (_, blank) = rejected(town, 2)
    assert is_token(number[4]) and number[:2] == ["M3", "面馆"]
    assert is_token(blank[4]) and blank[5] == "***************0128" and is_token(blank[6])
    again = town("merchant", "import", write("n.csv", header + rows[: rows.index("M3")]))
    assert "0 added, 0 changed" in again.err


def test_a_telephone_that_has_changed_places_with_a_number_is_no_number(
    town: Callable[..., Ran],
) -> None:
    header = towns.PAYMENTS.strip() + ",用户手机\n"
    rows = (
        f"T1,pay,13900000001,1,M1,{AT},60.00,0,10.00,,C1\n"
        f"T2,pay,13900000002,1,M1,{AT},60.00,0,10.00,,13900000009\n"
        f"T3,pay,13900000003,1,M1,{AT},60.00,0,10.00,,\n"
    )
    town("redemption", "import", write("r.csv", header + rows), expect=4)
    (changed, cells), (kept, _), (also_kept, _) = rejected(town, 2)
    assert (changed, kept, also_kept) == ("bad_row", "unknown_claim", "unknown_claim")
    assert is_token(cells[2]) and is_token(cells[10])
    shops = "merchant_no,name,district,phone\nM8,13900000004,西湖区,面馆\n"
    town("merchant", "import", write("m.csv", shops), expect=None)
    assert towns.ask(".", "SELECT count(*) FROM merchants WHERE merchant_no = 'M8'") == [(0,)]


def test_a_key_made_of_names_is_no_number(town: Callable[..., Ran]) -> None:
    profile = (
        "profile: shops\nkind: merchants\nname: {zh: 店, en: Shops}\n"
        "columns: {name: name, address: address}\nkey: [name, address]\n"
    )
    rows = "name,address\n老王面馆13900000001,文三路1号\n老王面馆13900000001,\n"
    file = write("m.csv", rows)
    town("merchant", "import", file, "--profile", write("shops.yaml", profile), expect=None)
    stored = towns.ask(".", "SELECT merchant_no || name FROM merchants WHERE name LIKE '老王%'")
    assert stored and "token:" in stored[0][0] and "13900000001" not in stored[0][0]
    assert "13900000001" not in str(rejected(town, 2))


def test_a_group_or_a_district_is_nobody(town: Callable[..., Ran]) -> None:
    rows = f"13900000001,low\n老人,13900000002\n{'13900000003'},a@b.cn\n"
    town("eligibility", "import", write("e.csv", "resident,group\n" + rows), expect=4)
    assert [reason for reason, _ in rejected(town, 2)] == ["bad_row", "bad_row"]
    assert towns.ask(".", "SELECT DISTINCT resident_group FROM eligibility") == [("low",)]


def test_an_application_number_at_the_desk_is_nobody(town: Callable[..., Ran]) -> None:
    ran = town(
        "claim", "grant", "t-30-5", "X1", "--application", "13900000001", "--now", AT, expect=3
    )
    assert "[bad_application]" in ran.err and "13900000001" not in ran.err
    file = write("f.txt", "X2,13900000002\n13900000003,B7\n")
    ran = town("claim", "grant", "t-30-5", "--from", file, "--now", AT, "-o", "json", expect=4)
    assert ran.data["reasons"] == {"bad_application": 1} and ran.data["granted"] == 1
    assert "13900000002" not in ran.out


def test_a_long_list_names_the_resident_by_the_token(town: Callable[..., Ran]) -> None:
    rows = "".join(f"C{n},t-30-5,13900000001,{AT}\n" for n in range(1))
    town("claim", "import", write("c.csv", CLAIMS + rows))
    ran = town("claim", "list", "--resident", "13900000001", "--limit", "0")
    assert "C0" in ran.out
    first, second = rows, f"C9,t-30-5,13900000009,{AT}\n"
    town("claim", "import", write("d.csv", CLAIMS + first + second))
    ran = town("application", "list", "--resident", "13900000001", "--limit", "1")
    assert "13900000001" not in ran.out + ran.err


@pytest.mark.parametrize("kind", ["claim", "redemption"])
def test_both_ways_of_reading_reject_the_same_rows(
    town: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """By columns and by rows, with identities in every place."""
    pytest.importorskip("polars")
    people = People()
    rows = [row for row in rows_of(kind, people, 1) if len(row) == len(GOOD[kind](0))]
    if kind == "redemption":
        town("claim", "import", write("c.csv", CLAIMS + f"C1,t-30-5,13900000001,{AT}\n"))
    rows = [[cell.replace("r1", "t-30-5") for cell in row] for row in rows]
    first = "33010620200327000"
    day = GOOD[kind](900)  # by district and day
    day[0] = first + identities.check_character(first)
    rows.append([people.one(1) if cell == "?" else cell.replace("r1", "t-30-5") for cell in day])
    file = as_csv(Path("x.csv"), HEADERS[kind], rows)
    found: list[object] = []
    for way_bytes in (1 << 40, 0):
        monkeypatch.setattr(by_columns, "BYTES", way_bytes)
        town(kind, "import", file, expect=4)
        ((batch,),) = towns.ask(".", "SELECT max(batch_id) FROM batches")
        table = {"claim": "claims", "redemption": "redemption_facts"}[kind]
        facts = f"SELECT line FROM {table} WHERE batch_id = ? ORDER BY line"
        found.append((rejected(town, batch), towns.ask(".", facts, batch)))
        town("batch", "undo", str(batch), "--yes")
    assert found[0] == found[1]


# ---------------------------------------------------------------- who may read


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_what_is_written_is_for_nobody_else(town: Callable[..., Ran]) -> None:
    before = os.umask(0o022)
    try:
        for path in Path().glob("voucher.db*"):
            path.unlink()
        Path("voucher.key").unlink()
        town("init")
        assert os.umask(0o022) == 0o022  # as it was
        towns.build(town, towns.programme(), towns.pack())
        towns.make_round(town, "p1", "--platform", "wechat", packs=9, state="open")
        town("schedule", "tick", "--log-file", "logs.jsonl", "--now", LATER)
        file = write("c.csv", CLAIMS + "C1,none,13900000001,bad\n")
        Path(file).chmod(0o644)
        town("claim", "import", file, expect=4)
        town("batch", "rejects", "1", "--to", "out.csv")
    finally:
        os.umask(before)
    ours = [
        path
        for path in (*Path().glob("voucher.*"), *Path("outbox").rglob("*"), Path("out.csv"))
        if path.name != "voucher.yaml"
    ]
    assert {path.name for path in ours} >= {"voucher.db", "voucher.key", "out.csv"}
    assert any(path.suffix == ".json" for path in ours)
    wide = [path for path in ours if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert wide == []


LATER = "2020-03-27 08:05"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_doctor_says_which_files_everybody_can_read(town: Callable[..., Ran]) -> None:
    assert "file_exposed" not in town("doctor", expect=None).err
    Path("voucher.db").chmod(0o644)
    Path("schedule.out").write_text("")
    Path("schedule.out").chmod(0o604)
    ran = town("doctor", expect=None)
    assert "everybody on this machine can read or lock" in ran.err and "[file_exposed]" in ran.err
    assert "voucher.db" in ran.err and "schedule.out" in ran.err
    Path("voucher.db").chmod(0o660)  # a group may share it
    Path("schedule.out").chmod(0o600)
    assert "file_exposed" not in town("doctor", expect=None).err


def test_a_bug_ends_without_the_identity_that_it_quotes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from vouchercli.cli.main import _report_bug

    try:
        int("１３９ 0000 0001 x")
    except ValueError as error:
        _report_bug(type(error), error, error.__traceback__)
    said = capsys.readouterr().err
    assert "Traceback" in said and "ValueError" in said
    assert "***" in said and "１３９" not in said.rsplit("ValueError", 1)[1]


@given(text=st.text(alphabet="0123456789１٣ -_/.·()+@＠eExXａ\x1f号\u200b\u3000", max_size=60))
def test_many_rows_are_passed_over_only_where_none_holds_anything(text: str) -> None:
    may = identities.may_hold_one(text)
    assert may or not identities.SUSPECT.search(text)
    may_be_number = identities.may_hold_one(text, of_numbers=True)
    assert may_be_number or not identities.SUSPECT_NUMBER.search(text)


@pytest.mark.parametrize(
    ("text", "may_hold_one", "may_hold_a_number"),
    [
        ("城北面馆12345号\x1f西湖路500号", False, False),
        ("0571-816749\x1f1930200301", False, False),
        ("0571-81674960", True, False),
        ("138 1234 5678", True, False),
        ("a@b.cn", True, False),
        ("1.3812345679E+10", True, False),
        ("330102 19900101 001X", True, True),
        ("12345678901234567", True, True),
    ],
)
def test_what_a_long_text_is_passed_over_for(
    text: str, may_hold_one: bool, may_hold_a_number: bool
) -> None:
    assert identities.may_hold_one(text) is may_hold_one
    assert identities.may_hold_one(text, of_numbers=True) is may_hold_a_number


PERSON, MOBILE = "330106199001011256", "13812345679"


@pytest.mark.parametrize("behind", [" x", "/x.csv", "-Xiao", "_X", "X"])
def test_an_x_that_stands_apart_behind_a_number_hides_nobody(behind: str) -> None:
    assert identities.hide(f"d{PERSON}{behind}").startswith("d***")


@pytest.mark.parametrize(
    ("line", "stand_in"),
    [
        ("staff: [{name: chen, roles: [maker]}]", f"staff: [{{name: '{MOBILE}', roles: [maker]}}]"),
        ("source: x", f"source: 见{MOBILE}"),
        ("issuer: {zh: 局, en: o}", f"issuer: {{zh: {PERSON}, en: o}}"),
        ("programme: p9", f"programme: '{MOBILE}'"),
        ("funders: {f: {", f"funders: {{'{MOBILE}': {{"),
    ],
)
def test_a_programme_names_no_person(voucher: Callable[..., Ran], line: str, stand_in: str) -> None:
    good = (
        "programme: p9\nname: {zh: 项目, en: p}\nissuer: {zh: 局, en: o}\nsource: x\n"
        "funders: {f: {kind: public, amount: '1.00'}}\nstaff: [{name: chen, roles: [maker]}]\n"
    )
    voucher("init")
    write("p.yaml", good.replace(line, stand_in))
    ran = voucher("programme", "load", "p.yaml", expect=3)
    assert "[identity_in_yaml]" in ran.err
    said = searched((ran.out + ran.err).encode() + Path("voucher.db").read_bytes())
    assert not [who for who in (PERSON, MOBILE) if who in said]
    write("p.yaml", good)
    voucher("programme", "load", "p.yaml")


def test_a_programme_cites_pages_and_offices(voucher: Callable[..., Ran]) -> None:
    voucher("init")
    page = f"https://example.com/a/{MOBILE}.html 6912345678901234560 office@example.com"
    write(
        "p.yaml",
        "programme: p9\nname: {zh: 项目, en: p}\nissuer: {zh: 局, en: o}\n"
        f"source: '{page}'\nfunders: {{f: {{kind: public, amount: '1.00'}}}}\n",
    )
    assert "programme p9 is loaded" in voucher("programme", "load", "p.yaml").err


def test_a_template_names_no_person_but_merchants_numbers(town: Callable[..., Ran]) -> None:
    pack = "template: t9\nname: {zh: 券, en: v}\nvalidity: {days_after_claim: 7}\n"
    pack += "coupons: [{count: 1, kind: amount_off, denomination: '5.00', threshold: '20.00'}]\n"
    pack += "funding: {treasury: 100%}\n"
    write("t.yaml", pack.replace("zh: 券", f"zh: {MOBILE}的券"))
    assert "[identity_in_yaml]" in town("template", "add", "t.yaml", expect=3).err
    write("t.yaml", pack + f"scope: {{merchants: ['{PERSON}']}}\n")
    assert "[identity_in_yaml]" in town("template", "add", "t.yaml", expect=3).err
    write("t.yaml", pack + f"scope: {{merchants: ['{MOBILE}']}}\n")
    town("template", "add", "t.yaml")


@pytest.mark.parametrize(
    "given", [("r9", "--platform", MOBILE), ("r9", "--group", PERSON), (MOBILE,), (f"r{PERSON}",)]
)
def test_a_round_is_not_named_after_a_person(
    town: Callable[..., Ran], given: tuple[str, ...]
) -> None:
    terms = ("--packs", "5", "--opens-at", "2020-07-27", "--closes-at", "2020-07-28")
    template = town("template", "list", "-o", "json").data["templates"][0]["template"]
    ran = town("round", "create", *given, "--template", template, *terms, expect=3)
    assert "[identity_in_name]" in ran.err and MOBILE not in ran.err and PERSON not in ran.err


def test_a_guessed_profile_has_no_header_that_is_a_person(voucher: Callable[..., Ran]) -> None:
    write("h.csv", f"claim_no,round,resident,claimed_at,{MOBILE},{PERSON}\nC1,r,a,2020,x,y\n")
    said = voucher("profile", "guess", "h.csv")
    voucher("profile", "guess", "h.csv", "--to", "h.yaml")
    assert "***" in said.out
    assert not {MOBILE, PERSON} & {*said.out.replace(":", " ").split()}
    assert MOBILE not in Path("h.yaml").read_text() and PERSON not in Path("h.yaml").read_text()


def test_a_platforms_folder_named_after_a_person_is_not_repeated(town: Callable[..., Ran]) -> None:
    folder = Path("inbox", PERSON, "claims")
    folder.mkdir(parents=True)
    (folder / "b.csv").write_text("claim_no,round,resident,claimed_at\nC1,r,x,2020\n")
    os.utime(folder / "b.csv", (1, 1))
    town("schedule", "tick", expect=None)
    summaries = [*folder.rglob("*.json")]
    assert len(summaries) == 1 and PERSON not in summaries[0].read_text()


def test_a_number_of_a_batch_that_is_a_person_is_hidden(town: Callable[..., Ran]) -> None:
    for verb in ("show", "rejects", "retry", "undo"):
        ran = town("batch", verb, PERSON, expect=3)
        assert "there is no batch ***" in ran.err
    told = identities.hide_values({"a": int(PERSON), "b": 13_800_000_000, "c": 7})
    assert "{a:,} {b:,} {c}".format(**told) == "*** 13,800,000,000 7"


def test_a_profile_is_shown_without_people(voucher: Callable[..., Ran]) -> None:
    write(
        "p.yaml",
        "profile: p\nkind: claims\nname: {zh: a, en: a}\nblank: ['" + MOBILE + "']\ncolumns:\n"
        "  claim_no: n\n  round: {column: r, words: {'" + PERSON + "': r1}}\n"
        "  resident: w\n  claimed_at: t\n",
    )
    shown = voucher("profile", "show", "p.yaml").out
    assert "***" in shown and PERSON not in shown and MOBILE not in shown
