"""The scripts that install, keep the pins and ask for known vulnerabilities."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.scripts import script

pins, audit, install = script("pins"), script("audit"), script("install")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a library and tests."""
    (tmp_path / "requirements.txt").write_text("pillow==13.0.0\ntorch==2.13.0\n")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\npytest==9.2.0\n")
    (tmp_path / "requirements-bench.txt").write_text("-r requirements-dev.txt\nno-such==1.0\n")
    for folder in ("inception_viz", "app", "tests", "docs", "benchmarks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "app" / "a.py").write_text("import os, PIL.Image\nfrom torch import nn\nimport app")
    return tmp_path


def installed(monkeypatch: pytest.MonkeyPatch, **versions: str) -> None:
    def version(name: str) -> str:
        try:
            return versions[name]
        except KeyError:
            raise pins.PackageNotFoundError(name) from None

    monkeypatch.setattr(pins, "version", version)
    providers = {"PIL": ["Pillow"], "torch": ["torch"], "numpy": ["numpy"], "pytest": ["pytest"]}
    monkeypatch.setattr(pins, "packages_distributions", lambda: providers)


HERE = {"pillow": "13.0.0", "torch": "2.13.0+cpu", "pytest": "9.2.0"}


def test_pins_that_are_true(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, **HERE)
    assert pins.problems(project) == []


def test_an_import_that_nothing_pins(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, **HERE)
    (project / "inception_viz" / "b.py").write_text("def f():\n    import pytest, numpy.linalg")
    assert pins.problems(project) == [
        "inception_viz/b.py imports numpy, which requirements.txt does not pin.",
        "inception_viz/b.py imports pytest, which requirements.txt does not pin.",
    ]


def test_a_pin_that_is_not_installed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, **HERE | {"pillow": "12.0.0"})
    assert pins.problems(project) == [
        "requirements.txt pins pillow==13.0.0, but 12.0.0 is installed."
    ]


def test_a_pin_that_nobody_needs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, **HERE | {"orjson": "3.13.0"})
    text = (project / "requirements.txt").read_text()
    (project / "requirements.txt").write_text(f"{text}orjson==3.13.0\n")
    assert "say why" in pins.problems(project)[0]
    (project / "requirements.txt").write_text(f"{text}orjson==3.13.0  # plotly is faster with it\n")
    assert pins.problems(project) == []


def test_pins_move_but_torch_and_comments_stay(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "requirements.txt").write_text("Pillow==13.0.0  # pictures\ntorch==2.13.0\n")

    def install(command: list[str], check: bool) -> None:
        assert check and "--dry-run" in command
        assert "torch==2.13.0" in command and "pillow" in command
        chosen = {"pillow": "13.1.0", "torch": "2.14.0", "pytest": "9.2.0", "other": "1.0"}
        report = [{"metadata": {"name": n, "version": v}} for n, v in chosen.items()]
        Path(command[command.index("--report") + 1]).write_text(json.dumps({"install": report}))

    monkeypatch.setattr(subprocess, "run", install)
    assert pins.update(project) == ["requirements.txt: pillow 13.0.0 → 13.1.0"]
    assert (project / "requirements.txt").read_text() == (
        "Pillow==13.1.0  # pictures\ntorch==2.13.0\n"
    )


def packages(**found: Any) -> list[dict[str, Any]]:
    return [{"name": name, "version": "1.0"} | rest for name, rest in found.items()]


def test_nothing_checked_is_not_nothing_found() -> None:
    text, wrong = audit.verdict(packages(a={"skip_reason": "not found"}))
    assert "NOTHING WAS CHECKED" in text and not wrong
    assert audit.verdict([]) == (text, False)


def test_vulnerabilities_are_named() -> None:
    hole = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["1.1"]}
    found = packages(a={"vulns": [hole]}, b={"vulns": []}, c={"skip_reason": "not found"})
    text, wrong = audit.verdict(found)
    assert wrong
    assert "a 1.0: PYSEC-1, CVE-1; fixed in 1.1" in text
    assert "2 packages checked; known vulnerabilities: 1." in text
    assert "Not checked, because PyPI doesn't know them: c" in text


@pytest.mark.parametrize("output", ["", "not json", "[]", "{}"])
def test_an_audit_that_gives_up_fails_nothing(
    output: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = SimpleNamespace(stdout=output, stderr="ConnectionError")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(SystemExit) as end:
        audit.main()
    assert not end.value.code
    assert "NOTHING WAS CHECKED" in capsys.readouterr().out


def test_this_project_s_pins_are_true() -> None:
    command = [sys.executable, str(ROOT / ".ci" / "pins.py")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("line", "news"),
    [
        ("Collecting torch==2.13.0 (from -r requirements.txt (line 2))", "looking for torch"),
        (
            "  Downloading torch-2.13.0-cp311-linux.whl (180.2 MB)",
            "fetching torch (180.2 MB)",
        ),
        ("  Using cached plotly-7.1.0-py3-none-any.whl (9.9 MB)", "fetching plotly (9.9 MB)"),
        ("Installing collected packages: a, b, c", "installing 3 packages"),
        ("WARNING: something", None),
    ],
)
def test_installing_says_what_it_is_at(line: str, news: str | None) -> None:
    assert install.news_in(line) == news


def test_installing_fails_in_pips_own_words(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("no-such-package-here @ file:///nowhere\n")
    done = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "install.py"), str(tmp_path / "list.txt")],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "nowhere" in done.stdout and "could not be installed" in done.stdout
    (tmp_path / "list.txt").write_text("pip\n")
    done = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "install.py"), str(tmp_path / "list.txt")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Installing the packages" in done.stdout and "All packages are here" in done.stdout
