"""What an office installs is a wheel: it holds the shipped configs, and they are found from any
folder. No network is used.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def done(*words: str | Path, cwd: Path) -> str:
    """Run a command to its good end; what it printed."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VOUCHER_", "PYTHON", "LC_", "LANG"))
    }
    ran = subprocess.run(
        [*map(str, words)],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert ran.returncode == 0, f"{words}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built here with the pinned backend."""
    folder = tmp_path_factory.mktemp("dist")
    done(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`voucher` in an environment of its own; the libraries are lent by the one that runs the
    tests.
    """
    home = tmp_path_factory.mktemp("office")
    done(sys.executable, "-m", "venv", "--without-pip", home / "venv", cwd=home)
    python = home / "venv" / "bin" / "python"
    own = Path(
        done(
            python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home
        ).strip()
    )
    (own / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    if importlib.util.find_spec("pip"):
        done(
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            wheel,
            cwd=home,
        )
    elif shutil.which("uv"):
        done(
            "uv",
            "pip",
            "install",
            "--quiet",
            "--no-cache",
            "--offline",
            "--no-deps",
            "--python",
            python,
            wheel,
            cwd=home,
        )
    else:
        pytest.skip("neither pip nor uv is there to install a wheel")
    return home / "venv" / "bin" / "voucher"


@pytest.mark.slow
def test_the_wheel_holds_the_configs_and_the_schema(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    shipped = [
        f"vouchercli/{path.relative_to(ROOT)}" for path in (ROOT / "configs").rglob("*.yaml")
    ]
    assert shipped
    assert set(shipped) <= set(names)
    assert "vouchercli/store/schema/001_initial.sql" in names
    assert any(name.endswith(".data/data/share/man/man1/voucher.1") for name in names)
    assert [name for name in names if "tests/" in name or name.endswith((".pyc", ".db"))] == []


@pytest.mark.slow
def test_shipped_configs_work_from_an_installed_wheel_in_any_folder(
    installed: Path, tmp_path: Path
) -> None:
    where = done(
        installed.parent / "python",
        "-c",
        "import vouchercli; print(vouchercli.__file__)",
        cwd=tmp_path,
    )
    assert where.startswith(str(installed.parents[1])), "the installed package is the one that runs"
    listed = done(installed, "programme", "list", "--shipped", cwd=tmp_path)
    assert "hangzhou-2020" in listed and "beijing-2020" in listed and "hangzhou-2009" in listed
    assert (installed.parents[1] / "share" / "man" / "man1" / "voucher.1").is_file()
    done(installed, "init", cwd=tmp_path)
    done(installed, "programme", "load", "hangzhou-2020", cwd=tmp_path)
    done(installed, "template", "add", "universal-5x10", cwd=tmp_path)
    assert "universal-5x10" in done(installed, "template", "list", "-o", "json", cwd=tmp_path)


@pytest.mark.slow
def test_topics_are_found_from_an_installed_wheel(installed: Path, tmp_path: Path) -> None:
    assert "voucher law show over_quota" in done(installed, "help", "over_quota", cwd=tmp_path)
    assert "voucher round plan" in done(installed, "help", "开轮次", cwd=tmp_path)
