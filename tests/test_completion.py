"""Help by name, the version, and completion by TAB: by a real bash, and by what zsh and fish
ask.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vouchercli import __version__
from vouchercli.cli.nouns import NOUNS

if TYPE_CHECKING:
    from collections.abc import Callable

INSTALLED = Path(sys.executable).parent


def bash(folder: Path, script: str) -> str:
    """What a bash prints that has `voucher` on its path and its home in `folder`."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("VOUCHER")}
    environ |= {
        "PATH": f"{INSTALLED}:{environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
    }
    # no `exec`: a shell that became the command could not be recognised as its parent
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\ntrue"],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr


TRY = """
try() {
    COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _voucher_completion voucher; echo "${COMPREPLY[@]}"
}
"""


def test_bash_completes_nouns_verbs_and_options(tmp_path: Path) -> None:
    answers = bash(
        tmp_path,
        'eval "$(voucher --show-completion)"'
        + TRY
        + "try voucher ''\ntry voucher re\ntry voucher round c\n"
        + "try voucher round create --te\ntry voucher help\ntry voucher help round cr\n",
    )
    assert answers.splitlines() == [
        " ".join(NOUNS),
        "redemption reconcile report restore",
        "create copy close cancel",
        "--template",
        "help",
        "create",
    ]


def test_completion_is_installed_once_and_works_in_the_next_terminal(tmp_path: Path) -> None:
    script = tmp_path / ".bash_completions" / "voucher.sh"
    for _ in range(2):
        said = bash(tmp_path, "voucher --install-completion")
        assert said == (
            f"completion for bash is installed in {script}; open a new terminal to use it\n"
        )
    assert (tmp_path / ".bashrc").read_text().count("voucher.sh") == 1
    assert bash(tmp_path, f"source ~/.bashrc{TRY}try voucher round ca") == "cancel\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("")
    (tmp_path / ".bashrc").chmod(0o400)
    assert "[no_permission]" in bash(tmp_path, "voucher --install-completion")


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_shell_that_is_there_completes(shell: str, tmp_path: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell} here")
    environ = os.environ | {"PATH": f"{INSTALLED}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    words = {
        "zsh": 'autoload -Uz compinit; compinit -u; eval "$(voucher --show-completion)";'
        " whence -w _voucher_completion",
        "fish": "voucher --show-completion | source; complete -C 'voucher round ca'",
    }
    done = subprocess.run(
        [shell, "-c", words[shell]], env=environ, capture_output=True, text=True, check=True
    )
    assert "error" not in done.stderr
    wanted = {"zsh": "_voucher_completion: function\n", "fish": "cancel\t"}
    assert done.stdout.startswith(wanted[shell])


def test_zsh_and_fish_are_answered_with_the_help_in_the_chosen_language(
    voucher: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "voucher round ca")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    monkeypatch.setenv("VOUCHER_LANG", "zh")
    monkeypatch.setenv("_VOUCHER_COMPLETE", "complete_fish")
    help_ = "取消尚无人领取的期次；已批准的须由另一人批准（round approve）。"
    assert voucher().out == f"cancel\t{help_}\n"
    monkeypatch.setenv("_VOUCHER_COMPLETE", "complete_zsh")
    assert f'"cancel":"{help_}"' in voucher().out


def test_a_shell_that_is_not_known_is_refused(
    voucher: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("tcsh", "/bin/tcsh"))
    for option in ("--show-completion", "--install-completion"):
        refused = voucher(option, expect=3)
        assert (refused.out, "[unknown_shell]" in refused.err) == ("", True)


@pytest.mark.parametrize("words", [("round",), ("round", "create"), ("check",)])
def test_help_of_a_command_is_what_its_help_option_prints(
    voucher: Callable[..., Any], words: tuple[str, ...]
) -> None:
    for lang in ("en", "zh"):
        assert (
            voucher("help", *words, "--lang", lang).out
            == voucher("--lang", lang, "help", *words).out
            == voucher("--lang", lang, *words, "--help").out
        )


def test_help_of_help_is_the_front_page(voucher: Callable[..., Any]) -> None:
    assert voucher("help", "help").out == voucher("--help").out


def test_help_of_a_command_there_is_not_names_the_nearest(voucher: Callable[..., Any]) -> None:
    assert "did you mean round, " in voucher("help", "rond", expect=2).err
    assert "there is no command nix" in voucher("help", "round", "nix", expect=2).err


def test_the_version_by_both_its_names(voucher: Callable[..., Any]) -> None:
    assert voucher("-V").out == voucher("--version").out == f"voucher {__version__}\n"
