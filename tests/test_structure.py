"""The layout shows the architecture, and stays that way."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.conftest import ROOT

LIBRARY = ROOT / "inception_viz"


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_of(stub: Path) -> list[ast.ImportFrom]:
    body = ast.parse(stub.read_text("utf-8")).body
    return [node for node in body if isinstance(node, ast.ImportFrom)]


def modules() -> list[Path]:
    return [p for p in LIBRARY.rglob("*.py") if p != LIBRARY / "__init__.py"]


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(LIBRARY)))
def test_the_library_knows_no_screen(path: Path) -> None:
    assert not {n.split(".")[0] for n in imports(path)} & {"streamlit", "app"}


@pytest.mark.parametrize("path", sorted((ROOT / "app").rglob("*.py")), ids=lambda p: p.stem)
def test_the_app_does_no_tensor_math(path: Path) -> None:
    assert "torch" not in {n.split(".")[0] for n in imports(path)}


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


def test_import_is_light() -> None:
    code = "import sys, inception_viz; sys.exit('torch' in sys.modules)"
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
