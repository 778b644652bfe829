"""YAML with every fault at once, each at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from vouchercli.documents import Node
from vouchercli.errors import VoucherError
from vouchercli.formats.configs import locate, yamls

if TYPE_CHECKING:
    from pathlib import Path

    from vouchercli.result import Problem

CONFIGS = sorted(locate.shipped().rglob("*.yaml"))


@pytest.fixture(params=["CBaseLoader", "BaseLoader"])
def loader(request: pytest.FixtureRequest) -> Any:
    """libyaml's loader, and the one that takes its place where PyYAML is built without."""
    return getattr(yaml, request.param)


def pack(node: Node) -> dict[str, object]:
    """A document that has every kind of value."""
    top = node.fields(
        ("template", "kind", "count", "threshold", "open", "list", "shares", "validity"),
        required=("template",),
    )
    return {
        "template": top["template"].form("[a-z-]+", "universal-5x10"),
        "kind": top["kind"].choice(("amount_off", "percent_off")),
        "count": top["count"].whole(),
        "threshold": top["threshold"].text(),
        "open": top["open"].yes(),
        "list": top["list"].texts(least=1),
        "shares": {key: part.text() for key, part in top["shares"].entries()},
        "validity": top["validity"].fields(("days",), required=("days",))["days"].whole(),
    }


def faults(text: str) -> tuple[Problem, ...]:
    document = yamls.parse(text, "x.yaml")
    node = Node(document.value)
    pack(node)
    return yamls.problems(node.faults, document)


def found(text: str) -> list[tuple[str, str]]:
    return sorted(
        ((problem.code, problem.where.removeprefix("x.yaml:")) for problem in faults(text)),
        key=lambda each: (each[1], each[0]),
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("10:00", "10:00"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("010", "010"),
        ("0o17", "0o17"),
        ("10.00", "10.00"),
        ("1e3", "1e3"),
        ("2020-03-27", "2020-03-27"),
        ("2020-03-27 08:00", "2020-03-27 08:00"),
        ("10", 10),
        ("-3", -3),
        ("0", 0),
        ('"10"', "10"),
        ("true", True),
        ("~", None),
        ("", None),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("'null'", "null"),
        ("99999999999999999999", "99999999999999999999"),
    ],
)
def test_a_scalar_is_what_it_looks_like(written: str, read: object, loader: Any) -> None:
    value = yamls.parse(f"a: {written}\n", "x.yaml", loader).value["a"]
    assert value == read
    assert type(value) is type(read)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_both_loaders_read_a_shipped_config_alike(path: Path) -> None:
    text = path.read_text("utf-8")
    assert yamls.parse(text, "x", yaml.CBaseLoader) == yamls.parse(text, "x", yaml.BaseLoader)


def test_every_value_and_key_has_its_place(loader: Any) -> None:
    document = yamls.parse("a:\n  - b: 1\n    c: [x, y]\n", "x.yaml", loader)
    assert document.where(("a", 0, "c", 1)) == "x.yaml:3:12"
    assert document.where(("a", 0, "c"), key=True) == "x.yaml:3:5"
    assert document.where(("a", 0, "nothing", 7)) == "x.yaml:2:5"
    assert document.where(()) == "x.yaml:1:1"


def test_a_place_counts_characters_of_any_script(loader: Any) -> None:
    document = yamls.parse("名: {区县: 🙂, 乙: 'x'}\n", "x.yaml", loader)
    assert document.where(("名", "乙")) == "x.yaml:1:15"


def test_anchors_and_merges_work_and_our_own_keys_win(loader: Any) -> None:
    text = "base: &b {x: 1, y: 2}\nm: {<<: *b, y: 3}\nl: [*b]\n"
    assert yamls.parse(text, "x", loader).value == {
        "base": {"x": 1, "y": 2},
        "m": {"x": 1, "y": 3},
        "l": [{"x": 1, "y": 2}],
    }


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("a: 1\nb: 2\na: 3\n", "yaml_duplicate_key", "3:1"),
        ("a: [1, 2\nb: 3\n", "yaml_syntax", "2:2"),
        ("a:\n\t- 1\n", "yaml_syntax", "2:1"),
        ("a: 'x\x07'\n", "yaml_syntax", "1:6"),
        ("a: &x [*x]\n", "yaml_endless", "1:4"),
        ("a: !!python/object/apply:os.getcwd []\n", "yaml_tag", "1:4"),
        ("a: !!float 3\n", "yaml_tag", "1:4"),
        ("? [a]\n: 1\n", "yaml_key", "1:3"),
        ("a: {<<: 3}\n", "yaml_merge", "1:9"),
        ("a: 1\n---\nb: 2\n", "yaml_syntax", "2:1"),
        ("a: *x\n", "yaml_syntax", "1:4"),
        ('a: "\\q"\n', "yaml_syntax", "1:6"),
        ("- " * 100_000, "yaml_syntax", "1:101"),
        ("a: " + "[" * 100_000, "yaml_syntax", "1:53"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_at_its_place(
    text: str, code: str, where: str, loader: Any
) -> None:
    with pytest.raises(VoucherError) as refusal:
        yamls.parse(text, "x.yaml", loader)
    assert refusal.value.code == "bad_yaml"
    assert (refusal.value.problems[0].code, refusal.value.problems[0].where) == (
        code,
        f"x.yaml:{where}",
    )
    with pytest.raises(VoucherError) as again:
        yamls.parse(text, "x.yaml", yaml.BaseLoader)
    assert again.value.problems == refusal.value.problems


def test_several_duplicate_keys_are_told_at_once(loader: Any) -> None:
    with pytest.raises(VoucherError) as refusal:
        yamls.parse("a: 1\na: 2\nm: {b: 1, b: 2}\n", "x.yaml", loader)
    assert [problem.where for problem in refusal.value.problems] == ["x.yaml:2:1", "x.yaml:3:11"]
    assert str(refusal.value) == "x.yaml has 2 fault(s); nothing was used"


def test_a_bomb_of_aliases_is_stopped(loader: Any) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"] + [
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)
    ]
    with pytest.raises(VoucherError) as refusal:
        yamls.parse("\n".join(lines), "x.yaml", loader)
    assert refusal.value.problems[0].code == "yaml_endless"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "no_such_file"),
        ("名称: 杭州\n".encode("gb18030"), "yaml_not_utf8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, content: bytes | None, code: str
) -> None:
    path = tmp_path / "x.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(VoucherError) as refusal:
        yamls.read(path)
    assert refusal.value.code == code


def test_a_folder_is_not_a_yaml_file(tmp_path: Path) -> None:
    with pytest.raises(VoucherError) as refusal:
        yamls.read(tmp_path)
    assert refusal.value.code == "is_a_folder"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert yamls.read(tmp_path / "x.yaml").value == {"a": 1}


def test_every_fault_of_a_document_is_found_at_once() -> None:
    assert found(
        "tmplate: x\nkind: amount_of\ncount: 0\nopen: 3\nlist: []\nshares: [a]\nvalidity: {dais:"
        " 1}\nthreshold:\n"
    ) == [
        ("unknown_key", "1:1"),
        ("not_a_choice", "2:7"),
        ("bad_number", "3:8"),
        ("wrong_type", "4:7"),
        ("too_few", "5:7"),
        ("wrong_type", "6:9"),
        ("unknown_key", "7:12"),
        ("wrong_type", "8:11"),
    ]


def test_a_key_that_was_probably_meant_is_not_called_missing_too() -> None:
    assert found("tmplate: x\nkind: amount_off\n") == [("unknown_key", "1:1")]
    assert found("note: x\nkind: amount_off\n") == [
        ("missing_key", "1:1"),
        ("unknown_key", "1:1"),
    ]


def test_a_fault_names_the_offending_text_and_suggests() -> None:
    problem = faults("template: a\nkind: Amount_of\n")[0]
    assert problem.text.format(**problem.params) == "Amount_of is not allowed here"
    assert problem.hint.format(**problem.params) == "did you mean amount_off?"
    problem = faults("template: A B\n")[0]
    assert problem.hint.format(**problem.params) == "write it like universal-5x10"
    problem = faults("template: a\nkind: [percent_off]\n")[0]
    assert problem.text.format(**problem.params) == "a list is not allowed here"


def test_a_key_is_suggested_whatever_its_case() -> None:
    problem = faults("template: a\nCOUNT: 1\n")[0]
    assert problem.hint.format(**problem.params) == "did you mean count?"


def test_nothing_where_something_is_needed_is_said() -> None:
    assert found("template:\n") == [("wrong_type", "1:10")]
    assert found("template: ' '\n") == [("wrong_type", "1:11")]
    assert found("template: a\nlist: [x, ~]\n") == [("wrong_type", "2:11")]


def test_a_whole_number_stands_for_text_but_a_truth_does_not() -> None:
    node = Node({"template": "a", "threshold": 40, "list": [1, "b"], "shares": {"a": 2}})
    value = pack(node)
    assert node.faults == []
    assert (value["threshold"], value["list"], value["shares"]) == ("40", ("1", "b"), {"a": "2"})
    assert found("template: true\n") == [("wrong_type", "1:11")]


@pytest.mark.parametrize("text", ["- a\n", "", "word\n", "template: {a: b}\n"])
def test_a_document_of_the_wrong_kind_is_a_fault_not_a_crash(text: str) -> None:
    assert found(text)


def test_configs_are_found_by_path_here_and_among_those_that_ship(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert locate.find("platforms", "voucher").name == "voucher.yaml"
    here = tmp_path / "configs" / "platforms"
    here.mkdir(parents=True)
    (here / "voucher.yaml").write_text("mine: 1\n")
    (here / "our-city.yaml").write_text("mine: 1\n")
    assert locate.find("platforms", "voucher").read_text() == "mine: 1\n"
    assert locate.find("platforms", here / "our-city.yaml") == here / "our-city.yaml"
    assert {"our-city", "voucher", "wechat-use-flow"} <= set(locate.names("platforms"))


def test_an_unknown_config_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(VoucherError) as refusal:
        locate.find("platforms", "wechat-useflow")
    assert refusal.value.code == "unknown_config"
    assert refusal.value.hint.format(**refusal.value.params).startswith(
        "did you mean wechat-use-flow?"
    )


@pytest.mark.parametrize("name", ["../platforms/voucher", "voucher.yaml/..", ""])
def test_a_name_does_not_wander_through_folders(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(VoucherError) as refusal:
        locate.find("platforms", name)
    assert refusal.value.code == "unknown_config"
