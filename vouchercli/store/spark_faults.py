"""What Spark says when something is wrong, in words."""

from __future__ import annotations

import re

from vouchercli.errors import VoucherError

SECRET = re.compile(
    r"sasl|AuthEngine|AEADBadTag|authentication (failed|required)|Mismatched response"
    r"|UNAUTHENTICATED",
    re.IGNORECASE,
)
VERSIONS = re.compile(r"InvalidClassException|local class incompatible|serialVersionUID")
MEMORY = re.compile(
    r"OutOfMemoryError|GC overhead|(System|Executor) memory .* must be at least"
    r"|Required executor memory|CANNOT_ACQUIRE_MEMORY",
    re.IGNORECASE,
)
NO_FILE = re.compile(r"FILE_NOT_EXIST|FileNotFoundException|NoSuchFileException|PATH_NOT_FOUND")
DAMAGED = re.compile(r"FAILED_READ_FILE|CANNOT_READ|ParquetDecod|not a Parquet file|MalformedInput")


def while_starting(log: str, master: str) -> VoucherError | None:
    """What the log says while Spark starts that no patience mends."""
    if SECRET.search(log):
        return VoucherError(
            "spark_secret",
            "{engine} refuses the secret, or wants one",
            hint="VOUCHER_SPARK_SECRET_FILE names the file with the cluster's secret",
            engine=master,
        )
    if VERSIONS.search(log):
        return VoucherError(
            "spark_versions",
            "{engine} is of another version of Spark than PySpark here",
            hint="pip install pyspark==VERSION, the cluster's own",
            engine=master,
        )
    return None


def no_workers(master: str) -> VoucherError:
    """The refusal where nobody takes the work: Spark itself would wait for ever."""
    return VoucherError(
        "spark_no_workers",
        "no worker of {engine} takes the work: none is there, or none has a core and the memory",
        hint="see the master's page; VOUCHER_SPARK_MEMORY=512m asks for less,"
        " VOUCHER_SPARK_PATIENCE=300 waits longer",
        engine=master,
    )


def of_answer(text: str, master: str) -> VoucherError:
    """Why there is no answer. Raises `ValueError` where a file is damaged."""
    if MEMORY.search(text):
        return VoucherError(
            "spark_memory",
            "the memory that Spark has does not suffice",
            hint="VOUCHER_SPARK_MEMORY=4g gives each of its processes more",
        )
    if NO_FILE.search(text):
        return unseen(master, _path(text))
    if DAMAGED.search(text):
        raise ValueError(_first(text))
    return while_starting(text, master) or VoucherError(
        "spark_failed",
        "Spark on {engine} gives no answer: {why}",
        hint="VOUCHER_SPARK_LOG=FILE keeps what it says; --engine local needs no cluster",
        engine=master,
        why=_first(text),
    )


def unseen(master: str, path: str) -> VoucherError:
    """The refusal where workers do not find the files that are seen here."""
    return VoucherError(
        "spark_path",
        "workers of {engine} do not see {path} as it is here",
        hint="put the lake into a folder that every worker has under the same path",
        engine=master,
        path=path or "the lake",
    )


def other_versions(master: str, here: str, there: str) -> VoucherError:
    """The refusal where workers run another Spark."""
    return VoucherError(
        "spark_other_version",
        "workers of {engine} run Spark {there}, and PySpark here is {here}",
        hint="pip install pyspark=={there}",
        engine=master,
        here=here,
        there=there,
    )


def _path(text: str) -> str:
    found = re.search(r"file:/*(/[^\s\"']+?)[.,;:]?(?=\s|$|[\"'])", text)
    return found[1] if found else ""


def _first(text: str) -> str:
    """The line that says most."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith("Caused by: ")]
    return (causes or lines or ["nothing"])[-1 if causes else 0][:300]
