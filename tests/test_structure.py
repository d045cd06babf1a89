"""The layout shows the architecture, and stays that way."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.conftest import ROOT

LIBRARY = ROOT / "inception_viz"


def imports_of(stub: Path) -> list[ast.ImportFrom]:
    body = ast.parse(stub.read_text("utf-8")).body
    return [node for node in body if isinstance(node, ast.ImportFrom)]


def lint_imports(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("contract", "module", "line"),
    [
        ("library", "inception_viz/trace.py", "import inception_viz.explain.muting"),
        ("app", "app/session/address.py", "import app.widgets.choice"),
        ("pages", "app/views/teach/page.py", "import app.views.lab.editor"),
        ("screen", "inception_viz/figures/colours.py", "import streamlit"),
        ("tensors", "app/widgets/choice.py", "import torch"),
    ],
)
def test_breaking_a_contract_is_found(
    contract: str, module: str, line: str, tmp_path: Path
) -> None:
    """What `make lint` says of the house as it is, and with one wrong import."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in ("inception_viz", "app"):
        ignored = shutil.ignore_patterns("__pycache__", "*.js", "*.css", "*.json")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    kept = lint_imports(tmp_path, "--contract", contract)
    assert kept.returncode == 0, kept.stdout
    with (tmp_path / module).open("a") as file:
        file.write(f"\n{line}\n")
    broken = lint_imports(tmp_path, "--contract", contract)
    assert broken.returncode == 1
    assert line.split()[1] in broken.stdout


DOORS = sorted(LIBRARY.rglob("__init__.pyi"))


@pytest.mark.parametrize("stub", DOORS, ids=lambda p: p.parent.name)
def test_a_package_shows_and_gives_what_it_promises(stub: Path) -> None:
    """What editors read is what TAB lists and what comes, also once the modules are loaded."""
    promised = {a.asname: a.name for n in imports_of(stub) for a in n.names}
    name = ".".join(stub.parent.relative_to(ROOT).parts)
    code = f"import json, {name} as p; print(json.dumps(dir(p)))"
    fresh = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert set(json.loads(fresh.stdout)) == set(promised)
    assert all(alias == inside for alias, inside in promised.items())
    package = import_module(name)
    for node in imports_of(stub):
        for alias in node.names:
            module = import_module(f"{name}.{node.module or alias.name}")
            expected = getattr(module, alias.name) if node.module else module
            assert getattr(package, alias.name) is expected


def insides(path: Path) -> Iterator[str]:
    """What a file imports that no package offers, or that is private elsewhere."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            yield from (n for n in names if n.startswith("inception_viz") and n.count(".") > 1)
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        package, *inner = node.module.split(".")
        if package in ("inception_viz", "app", "tests"):
            places = [*inner, *(alias.name for alias in node.names)]
            yield from (p for p in places if p.startswith("_") and not p.startswith("__"))
        if package == "inception_viz":
            offered = getattr(import_module(node.module), "__all__", None)
            yield from [node.module] * (len(inner) > 1)
            yield from (a.name for a in node.names if offered is not None and a.name not in offered)


def test_the_library_is_entered_by_its_doors() -> None:
    files = [path for place in ("app", "tests") for path in (ROOT / place).rglob("*.py")]
    found = {
        str(path.relative_to(ROOT)): sorted({*insides(path)} - {"__version__"}) for path in files
    }
    assert len(files) > 150
    assert not {file: names for file, names in found.items() if names}


def test_import_is_light() -> None:
    code = "import sys, inception_viz; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_pandas_is_imported_by_whoever_asks_for_a_frame() -> None:
    code = (
        "import pkgutil, sys, inception_viz\nfrom importlib import import_module\n"
        "for module in pkgutil.walk_packages(inception_viz.__path__, 'inception_viz.'):\n"
        "    if module.name != 'inception_viz.__main__': import_module(module.name)\n"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.parametrize("command", ["", "train"])
def test_help_is_light(command: str) -> None:
    code = (
        "import sys\nfrom inception_viz.cli import main\n"
        f"try: main([*{command.split()}, '--help'])\n"
        "except SystemExit: sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=-1).returncode == 0


def test_versions_agree() -> None:
    import inception_viz

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == inception_viz.__version__
    assert f"## {inception_viz.__version__}" in (ROOT / "CHANGELOG.md").read_text()
