"""Spark is refused in words where something of it is missing; nothing here starts it."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from test_days import why

from vouchercli.store import spark_faults as faults
from vouchercli.store import spark_tables

MASTER = "spark://h:7077"


@pytest.fixture
def bare(voucher: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """No PySpark; a Java 17 that says its version."""
    for name in ("pyspark", "grpc"):
        monkeypatch.setitem(sys.modules, name, None)
    java("17.0.15")
    monkeypatch.setenv("JAVA_HOME", str(Path.cwd()))
    return voucher


def java(version: str) -> None:
    """A program that says what Java says of its version."""
    Path("bin").mkdir(exist_ok=True)
    path = Path("bin/java")
    path.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n", "utf-8")
    path.chmod(0o755)


def refused(voucher: Any, engine: str, expect: int = 3) -> str:
    args = ("report", "leverage", "--lake", "lake", "--engine", engine, "-o", "json")
    return why(voucher(*args, expect=expect))


def test_what_is_missing_here_is_said_in_words(bare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(bare, "spark://h", expect=2) == "spark_master"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = taken.getsockname()[1]  # bound, and it takes no connection
        assert refused(bare, f"spark://127.0.0.1:{nobody}") == "spark_unreachable"
        assert refused(bare, f"sc://127.0.0.1:{nobody}/;user_id=x") == "spark_unreachable"
    assert refused(bare, "local[2]") == "no_spark"
    with socket.create_server(("127.0.0.1", 0)) as master:
        port = master.getsockname()[1]
        assert refused(bare, f"spark://127.0.0.1:{nobody},127.0.0.1:{port}") == "no_spark"
        monkeypatch.setitem(sys.modules, "pyspark", sys)
        assert refused(bare, f"sc://127.0.0.1:{port}") == "no_spark_connect"
    java("1.8.0_392")
    assert refused(bare, "local[2]") == "java_too_old"
    Path("bin/java").unlink()
    assert refused(bare, "yarn") == "no_java"
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", "")
    assert refused(bare, "k8s://h:443") == "no_java"
    assert (
        "Java"
        in bare(
            "report", "leverage", "--lake", "lake", "--engine", "local[*]", "--lang", "zh", expect=3
        ).err
    )


def test_the_secret_and_the_memory_are_looked_at_before(
    bare: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", sys)
    monkeypatch.setenv("VOUCHER_SPARK_SECRET_FILE", "secret")
    assert refused(bare, "local[2]") == "spark_secret_file"
    for text, mode in (("x", 0o644), ("", 0o600), ("\udcff", 0o600)):
        Path("secret").write_text(text, "utf-8", "surrogateescape")
        Path("secret").chmod(mode)
        assert refused(bare, "local[2]") == "spark_secret_file"
    Path("secret").write_text("x\n", "utf-8")
    for memory in ("much", "100m", "900t"):
        monkeypatch.setenv("VOUCHER_SPARK_MEMORY", memory)
        assert refused(bare, "local[2]") == "spark_memory"
    monkeypatch.setenv("VOUCHER_SPARK_MEMORY", "")
    for patience in ("0", "long", "1.5"):
        monkeypatch.setenv("VOUCHER_SPARK_PATIENCE", patience)
        assert refused(bare, "local[2]") == "spark_patience"
    monkeypatch.setenv("VOUCHER_SPARK_PATIENCE", "300")
    # all is well: the lake is looked for, and Spark has not been started
    for memory in ("600m", ""):
        monkeypatch.setenv("VOUCHER_SPARK_MEMORY", memory)
        assert refused(bare, "local[2]") == "no_lake"
    monkeypatch.delenv("VOUCHER_SPARK_SECRET_FILE")
    assert refused(bare, "local[2]") == "no_lake"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("java.lang.OutOfMemoryError: Java heap space", "spark_memory"),
        ("Required executor memory (9216 MB) is above the max threshold", "spark_memory"),
        (
            "x\nCaused by: java.io.FileNotFoundException: file:/lake/a.parquet does not",
            "spark_path",
        ),
        ("[PATH_NOT_FOUND] Path does not exist", "spark_path"),
        ("SaslException: DIGEST-MD5: Mismatched response.", "spark_secret"),
        ("java.io.InvalidClassException: local class incompatible", "spark_versions"),
        ("first\nsecond", "spark_failed"),
        ("", "spark_failed"),
    ],
)
def test_what_spark_says_is_put_into_words(said: str, code: str) -> None:
    assert faults.of_answer(said, MASTER).code == code


def test_a_damaged_file_is_no_fault_of_spark() -> None:
    with pytest.raises(ValueError, match="is not a Parquet file"):
        faults.of_answer("x\nCaused by: RuntimeException: a is not a Parquet file", MASTER)
    found = faults.of_answer("FileNotFoundException: file:/湖/a.parquet", MASTER)
    assert found.params["path"] == "/湖/a.parquet"


def test_who_runs_another_spark_is_told() -> None:
    assert faults.other_versions(MASTER, "4.3.0", "4.0.1").params["there"] == "4.0.1"


def test_small_tables_are_written_as_spark_reads_them() -> None:
    columns = {"name": "text", "day": "int"}
    typed = "SELECT CAST(`name` AS string) AS `name`, CAST(`day` AS bigint) AS `day` FROM VALUES "
    assert spark_tables.written(columns, [("a'b\\c${d}", 1), ("", 2)]) == (
        typed + "('a\\'b\\\\c${d}', 1), ('', 2) AS t(`name`, `day`)"
    )
    assert spark_tables.written(columns, []) == (
        typed + "(NULL, NULL) AS t(`name`, `day`) WHERE 1 = 0"
    )


def test_what_is_asked_of_spark_goes_where_it_belongs() -> None:
    """Nothing of Spark is started for it."""
    from vouchercli.store.spark_engine import Spark

    of_cluster = Spark(
        "spark://h:7077", "lake", secret="word", memory="2g", patience=60
    )._settings()
    assert of_cluster["spark.authenticate.secret"] == "word"
    assert (of_cluster["spark.authenticate"], of_cluster["spark.executor.memory"]) == ("true", "2g")
    here = Spark("local[2]", "lake", secret="", memory="2g", patience=60)._settings()
    assert not {"spark.authenticate", "spark.executor.memory"} & here.keys()


@pytest.mark.parametrize(
    ("host", "words"), [("nowhere.invalid", "没有这台机器"), ("127.0.0.1", "该端口没有程序在监听")]
)
def test_why_nothing_answers_is_told_in_the_words_of_the_reader(
    bare: Any, host: str, words: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        engine = f"spark://{host}:{taken.getsockname()[1]}"
        args = ("report", "leverage", "--lake", "lake", "--engine", engine, "--lang", "zh")
        told = bare(*args, expect=3).err
    assert words in told and "Errno" not in told
