"""The same bytes read by another profile, or in another encoding, replace what they had brought,
unless something rests on it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import towns
import xlsxwriter
from towns import ask

from vouchercli.errors import Busy, Stopped
from vouchercli.formats.configs import yamls
from vouchercli.ops.intake import by_columns, chunks, claims

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

    City = Callable[..., Callable[..., Ran]]

NAMES = "merchant_no,name,district\nM7,茶館,西湖區\nM8,書店,上城區\n"
BILL = (
    "number,state,claim,coupon,shop,at,amount,off,voucher,of\n"
    "T1,SUCCESS,C1,1,M1,2020-03-27 12:10:00,45,5,10,\n"
    "T2,SUCCESS,C2,1,M1,2020-03-27 12:20:00,45,5,10,\n"
)
COLUMNS = {
    "transaction_no": "number",
    "claim_no": "claim",
    "coupon_no": "coupon",
    "merchant_no": "shop",
    "paid_at": "at",
    "order_amount": "amount",
    "merchant_discount": "off",
    "subsidy": "voucher",
    "refund_of": "of",
}


def bill_profile(word: str, name: str = "bill", path: str = "bill.yaml") -> str:
    """A profile of the bill in which payments are known by `word`."""
    columns: dict[str, Any] = {**COLUMNS, "kind": {"column": "state", "pay": word}}
    document = {"profile": name, "name": {"zh": "账单", "en": "Bill"}, "kind": "redemptions"}
    towns.write(path, document | {"columns": columns})
    yamls._read_once.cache_clear()
    return path


def bill(voucher: Callable[..., Ran], *options: str, **ran: Any) -> Ran:
    return voucher("redemption", "import", "bill.csv", *options, "-o", "json", **ran)


def merchants_of(here: Path) -> list[tuple[Any, ...]]:
    return ask(here, "SELECT merchant_no, name FROM merchants ORDER BY 1")


def batches_of(here: Path) -> list[tuple[Any, ...]]:
    return ask(here, "SELECT batch_id, state, accepted, rejected FROM batches ORDER BY 1")


# ---------------------------------------------------------------- encodings


def test_a_file_read_in_the_right_encoding_replaces_the_wrong_guess(
    voucher: Callable[..., Ran], here: Path
) -> None:
    voucher("init")
    Path("m.csv").write_bytes(NAMES.encode("big5"))
    first = voucher("merchant", "import", "m.csv", "-o", "json").data
    assert (first["batch"], first["encoding"]) == (1, "gb18030")
    assert merchants_of(here) != [("M7", "茶館"), ("M8", "書店")]
    ran = voucher("merchant", "import", "m.csv", "--encoding", "big5")
    assert (
        "it replaces batch 1, which read the same file by profile voucher in gb18030: 2 rows were"
        " removed\n"
    ) in ran.err
    assert merchants_of(here) == [("M7", "茶館"), ("M8", "書店")]
    assert batches_of(here) == [(1, "undone", 2, 0), (2, "done", 2, 0)]
    again = voucher("merchant", "import", "m.csv", "--encoding", "BIG5")
    assert "was imported before as batch 2 (2 accepted, 0 rejected): nothing to do" in again.err


def test_a_guess_does_not_replace_what_somebody_said(
    voucher: Callable[..., Ran], here: Path
) -> None:
    """As when the file comes once more through the inbox, where nobody can say it."""
    voucher("init")
    Path("m.csv").write_bytes(NAMES.encode("big5"))
    voucher("merchant", "import", "m.csv", "--encoding", "big5")
    ran = voucher("merchant", "import", "m.csv")
    assert ran.err == (
        "m.csv was imported before as batch 1 (2 accepted, 0 rejected): nothing to do\n"
        "it was read by profile voucher in cp950: to read it otherwise, name --profile or"
        " --encoding\n"
    )
    assert merchants_of(here) == [("M7", "茶館"), ("M8", "書店")]


def test_a_guess_replaces_what_somebody_said_in_vain(city: City, here: Path) -> None:
    voucher = city()
    towns.write("bill.csv", towns.PAYMENTS + "T1,pay,C1,1,M1,2020-03-27 12:10:00,45,5,10,\n")
    document = {"profile": "bill", "name": {"zh": "账单", "en": "Bill"}, "kind": "redemptions"}
    columns = {name: name for name in towns.PAYMENTS.strip().split(",") if name != "kind"}
    columns["merchant_no"] = "refund_of"  # the wrong column
    kind = {"kind": {"column": "kind", "pay": "pay"}}
    towns.write("wrong.yaml", document | {"columns": columns | kind})
    bill(voucher, "--profile", "wrong.yaml", expect=4)
    assert bill(voucher).data["accepted"] == 1
    assert [row[1] for row in batches_of(here)[2:]] == ["undone", "done"]


def test_the_log_says_what_replaced_what(voucher: Callable[..., Ran]) -> None:
    voucher("init")
    Path("m.csv").write_bytes(NAMES.encode("big5"))
    voucher("merchant", "import", "m.csv")
    data = voucher("merchant", "import", "m.csv", "--encoding", "big5", "-o", "json").data
    assert data["replaces"] == {
        "batch": 1,
        "profile": "voucher",
        "encoding": "gb18030",
        "undone": 2,
        "stay": [],
    }
    done, undone = voucher("audit", "log", "-o", "json").data["lines"][:2]
    assert (undone["deed"], undone["detail"]["encoding"]) == ("merchants.undo", "cp950")
    assert (done["deed"], done["detail"]["replaces"]) == ("merchants.import", 1)


def test_a_dry_run_of_a_new_reading_changes_nothing(
    voucher: Callable[..., Ran], here: Path
) -> None:
    voucher("init")
    Path("m.csv").write_bytes(NAMES.encode("big5"))
    voucher("merchant", "import", "m.csv")
    before = merchants_of(here), batches_of(here)
    dry = ("merchant", "import", "m.csv", "--encoding", "big5", "--dry-run", "-o", "json")
    assert voucher(*dry).data["replaces"]["batch"] == 1
    assert (merchants_of(here), batches_of(here)) == before


def test_a_spreadsheet_is_read_alike_whatever_encoding_is_named(
    voucher: Callable[..., Ran], here: Path
) -> None:
    voucher("init")
    with xlsxwriter.Workbook("m.xlsx") as book:
        sheet = book.add_worksheet()
        for row, line in enumerate(NAMES.splitlines()):
            sheet.write_row(row, 0, line.split(","))
    voucher("merchant", "import", "m.xlsx")
    again = voucher("merchant", "import", "m.xlsx", "--encoding", "big5", "-o", "json")
    assert again.data["repeats"] == 1
    assert merchants_of(here) == [("M7", "茶館"), ("M8", "書店")]


# ---------------------------------------------------------------- profiles


def test_a_mended_profile_reads_the_file_anew(city: City, here: Path) -> None:
    voucher = city()
    towns.write("bill.csv", BILL)
    assert bill(voucher, "--profile", bill_profile("paid"), expect=4).data["rejected"] == 2
    data = bill(voucher, "--profile", bill_profile("success")).data
    assert (data["accepted"], data["replaces"]["batch"]) == (2, 3)
    assert batches_of(here)[2:] == [(3, "undone", 0, 2), (4, "done", 2, 0)]
    assert bill(voucher, "--profile", bill_profile("success")).data["repeats"] == 4
    voucher("check")


def test_a_profile_of_another_name_reads_the_file_anew(city: City, here: Path) -> None:
    voucher = city()
    towns.write("bill.csv", BILL)
    bill(voucher, "--profile", bill_profile("success"))
    other = bill_profile("success", "bill2", "bill2.yaml")
    assert bill(voucher, "--profile", other).data["replaces"]["batch"] == 3
    assert ask(here, "SELECT transaction_no, batch_id FROM redemption_facts ORDER BY 1") == [
        ("T1", 4),
        ("T2", 4),
    ]


def test_a_new_name_for_people_is_no_new_reading(city: City) -> None:
    voucher = city()
    towns.write("bill.csv", BILL)
    path = bill_profile("success")
    bill(voucher, "--profile", path)
    document = json.loads(Path(path).read_text("utf-8"))
    towns.write(path, document | {"name": {"zh": "新账单", "en": "New bill"}})
    yamls._read_once.cache_clear()
    assert bill(voucher, "--profile", path).data["repeats"] == 3


def test_what_rests_on_the_first_reading_is_named(city: City, here: Path) -> None:
    voucher = city()
    towns.write("bill.csv", BILL)
    bill(voucher, "--profile", bill_profile("success"))
    refund = "R1,refund,C1,1,M1,2020-03-27 18:00:00,45,5,10,T1\n"
    voucher("redemption", "import", towns.write("refund.csv", towns.PAYMENTS + refund))
    before = batches_of(here)
    new = ("redemption", "import", "bill.csv", "--profile", bill_profile("^s"))
    ran = voucher(*new, expect=3)
    assert ran.err.splitlines() == [
        "error: bill.csv was imported before as batch 3, read by profile bill in utf-8; what rests"
        " on it must be undone before the file can be read otherwise [other_reading]",
        "  next: voucher batch undo 4, then voucher batch undo 3, then import it again",
        "error: batch 3 cannot be undone: 1 later rows depend on it (batches 4) [batch_built_upon]",
    ]
    assert batches_of(here) == before
    voucher("batch", "undo", "4", "--yes")
    assert "it replaces batch 3" in voucher(*new).err  # what rested on it is gone
    assert (
        "须先撤销依赖于它的内容"
        in voucher(
            "claim", "import", "claims.csv", "--encoding", "gb18030", "--lang", "zh", expect=3
        ).err
    )


def test_claims_without_payments_are_read_anew(city: City, here: Path) -> None:
    voucher = city()
    data = voucher("claim", "import", "claims.csv", "--encoding", "gb18030", "-o", "json").data
    assert (data["accepted"], data["replaces"]["undone"]) == (3, 3)
    assert ask(here, "SELECT claimed FROM rounds") == [(3,)]
    voucher("check")


def test_what_another_file_brought_too_stays_with_it(city: City, here: Path) -> None:
    """The new reading finds it standing."""
    voucher = city()
    head, *rows = Path("claims.csv").read_text("utf-8").splitlines(keepends=True)
    voucher("claim", "import", towns.write("b.csv", head + rows[0]))
    data = voucher("claim", "import", "claims.csv", "--encoding", "gb18030", "-o", "json").data
    assert (data["accepted"], data["duplicate"], data["replaces"]["undone"]) == (2, 1, 2)
    assert data["replaces"]["stay"] == [{"batch": 3, "file": "b.csv", "rows": 1}]
    assert ask(here, "SELECT claim_no, batch_id FROM claims ORDER BY 1") == [
        ("C1", 3),
        ("C2", 4),
        ("C3", 4),
    ]
    voucher("check")


def test_applications_and_lists_are_read_anew(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    resident = "330102199001010011"
    texts = {
        "application": "application_no,round,resident,applied_at\n"
        f"A1,r1,{resident},2020-03-27 08:00:01\n",
        "eligibility": f"resident,group\n{resident},needy\n",
    }
    for kind, text in texts.items():
        towns.write(f"{kind}.csv", text)
        first = voucher(kind, "import", f"{kind}.csv", "-o", "json").data
        new = (kind, "import", f"{kind}.csv", "--encoding", "gb18030", "-o", "json")
        data = voucher(*new).data
        assert (data["accepted"], data["replaces"]["batch"]) == (1, first["batch"])
        assert voucher(*new).data["repeats"] == data["batch"]


def test_the_inbox_takes_a_file_that_is_read_otherwise(city: City, here: Path) -> None:
    voucher = city()
    Path("inbox/voucher/merchants").mkdir(parents=True)
    text = b"merchant_no,name,district\nM7,Tea,West\nM8,Books,East\n"
    Path("m.csv").write_bytes(text)
    voucher("merchant", "import", "m.csv")
    first = batches_of(here)[-1][0]
    # as if it had been read in another encoding
    towns.by_hand(here, f"UPDATE batches SET encoding = 'big5' WHERE batch_id = {first}")
    Path("inbox/voucher/merchants/m.csv").write_bytes(text)
    voucher("schedule", "tick", "--inbox", "inbox", "--now", "2020-03-28 09:00")
    voucher("schedule", "tick", "--inbox", "inbox", "--now", "2020-03-28 09:05")
    assert merchants_of(here)[2:] == [("M7", "Tea"), ("M8", "Books")]
    assert batches_of(here)[-2:] == [(first, "undone", 2, 0), (first + 1, "done", 2, 0)]


# ---------------------------------------------------------------- begun, and large


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of two lines."""
    monkeypatch.setattr(chunks, "LINES", 2)


LONG = towns.CLAIMS + "".join(
    f"L{n},r1,33010219900101{n:04d},2020-03-27 08:00:{n:02d}\n" for n in range(1, 9)
)


def stop_after_one_chunk(here: Path, file: str, encoding: str | None = None) -> int:
    """Import the file up to its first chunk; the number of its batch."""

    class Watch:
        is_stopped = True

        def read(self, rows: int) -> None:
            """Nothing is shown."""

        def committed(self, share: float | None) -> None:
            """Nothing is shown."""

    with (
        towns.session(here / "voucher.db") as session,
        pytest.raises(Stopped) as stopped,
    ):
        claims.import_claims(session, file, watch=Watch(), encoding=encoding)
    return int(stopped.value.params["batch"])


@pytest.mark.usefixtures("many")
def test_an_import_that_was_stopped_is_replaced_too(city: City, here: Path) -> None:
    voucher = city(with_claims=False)
    file = towns.write("long.csv", LONG)
    begun = stop_after_one_chunk(here, file)
    assert batches_of(here)[-1][1] == "importing"
    data = voucher("claim", "import", file, "--encoding", "gb18030", "-o", "json").data
    assert (data["read"], data["accepted"], data["replaces"]["batch"]) == (8, 8, begun)
    assert [row[1] for row in batches_of(here)[-2:]] == ["undone", "done"]
    assert ask(here, "SELECT claimed FROM rounds") == [(8,)]
    voucher("check")


@pytest.mark.usefixtures("many")
def test_a_guess_does_not_go_on_with_an_import_that_was_read_otherwise(
    city: City, here: Path
) -> None:
    voucher = city(with_claims=False)
    file = towns.write("long.csv", LONG)
    begun = stop_after_one_chunk(here, file, encoding="gb18030")
    ran = voucher("claim", "import", file, expect=3)
    assert f"next: voucher batch resume {begun}" in ran.err and "[other_reading]" in ran.err
    assert voucher("batch", "resume", str(begun), "-o", "json").data["read"] == 8


class Onlooker:
    """Does something behind the first chunk."""

    is_stopped = False

    def __init__(self, do: Callable[[], Any]) -> None:
        self._do: Callable[[], Any] | None = do

    def read(self, rows: int) -> None:
        """Nothing is shown."""

    def committed(self, share: float | None) -> None:
        do, self._do = self._do, None
        if do:
            do()


@pytest.mark.usefixtures("many")
def test_whoever_imports_a_file_that_is_read_otherwise_meanwhile_is_told_to_come_again(
    city: City, here: Path
) -> None:
    voucher = city(with_claims=False)
    file = towns.write("long.csv", LONG)

    def read_otherwise() -> None:
        with towns.session(here / "voucher.db") as other:
            data = claims.import_claims(other, file, encoding="gb18030").data
            assert (data["accepted"], data["replaces"]["batch"]) == (8, 2)

    with towns.session(here / "voucher.db") as one, pytest.raises(Busy) as busy:
        claims.import_claims(one, file, encoding="utf-8", watch=Onlooker(read_otherwise))
    assert busy.value.code == "being_imported"
    assert [row[1] for row in batches_of(here)] == ["done", "undone", "done"]
    assert ask(here, "SELECT claimed FROM rounds") == [(8,)]
    voucher("check")


@pytest.mark.usefixtures("many")
def test_a_new_reading_that_fails_leaves_the_first_one(city: City, here: Path) -> None:
    """The undo and the first chunk are one transaction."""
    voucher = city(with_claims=False)
    file = towns.write("long.csv", LONG)
    voucher("claim", "import", file)
    before = batches_of(here), ask(here, "SELECT claim_no, batch_id FROM claims ORDER BY 1")

    class Failing(Onlooker):
        def read(self, rows: int) -> None:
            raise RuntimeError("the machine was switched off")

    with (
        towns.session(here / "voucher.db") as session,
        pytest.raises(RuntimeError),
    ):
        claims.import_claims(session, file, encoding="gb18030", watch=Failing(lambda: None))
    after = batches_of(here), ask(here, "SELECT claim_no, batch_id FROM claims ORDER BY 1")
    assert after == before


@pytest.mark.usefixtures("many")
def test_a_stopped_import_goes_on_as_it_was_read(city: City, here: Path) -> None:
    """Whatever the profile of that name says by now."""
    voucher = city(with_claims=False)
    file = towns.write("long.csv", LONG)
    begun = stop_after_one_chunk(here, file)
    encoding = "UPDATE batches SET encoding = 'gb18030'"
    towns.by_hand(here, f"{encoding} WHERE batch_id = {begun}")
    data = voucher("batch", "resume", str(begun), "-o", "json").data
    assert (data["batch"], data["read"], data["encoding"]) == (begun, 8, "gb18030")


@pytest.mark.parametrize("has_open_rounds", [False, True])
def test_a_large_file_is_read_anew_by_columns(
    city: City, here: Path, monkeypatch: pytest.MonkeyPatch, has_open_rounds: bool
) -> None:
    pytest.importorskip("polars")
    monkeypatch.setattr(by_columns, "BYTES", 1)
    voucher = city()
    towns.write("bill.csv", BILL)
    bill(voucher, "--profile", bill_profile("paid"), expect=4)
    data = bill(voucher, "--profile", bill_profile("success")).data
    assert (data["accepted"], data["replaces"]["batch"]) == (2, 3)
    data = bill(voucher, "--profile", bill_profile("^succ")).data
    assert (data["accepted"], data["replaces"]["batch"]) == (2, 4)
    voucher("check")
