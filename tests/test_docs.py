"""What the documents say works: their examples run, their links lead somewhere."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from pathlib import Path
from types import ModuleType

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from streamlit.testing.v1 import AppTest

import inception_viz as iv
from app import views
from inception_viz.cli import parser
from inception_viz.explain import METHODS
from inception_viz.sources import REGISTRY
from tests.conftest import ROOT, noise_photo, sample, tiny_config

DOCUMENTS = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
EXTENDING = (ROOT / "docs" / "extending.md").read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.S)


def module(name: str, source: str) -> ModuleType:
    made = ModuleType(name)
    exec(compile(source, f"{name}.py", "exec"), made.__dict__)
    return made


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_links_and_pictures_exist(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", path.read_text("utf-8"))
    local = [t for t in targets if not t.startswith(("http:", "https:"))]
    assert not [t for t in local if not (path.parent / t).exists()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_commands_exist(path: Path) -> None:
    for block in blocks(path.read_text("utf-8"), "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            found = re.search(r"python -m inception_viz (.*)", line.partition("  #")[0])
            if found:
                parser().parse_args(shlex.split(found[1]))
            for target in re.findall(r"^make (\S+)", line):
                assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.M)


def test_the_method_of_the_guide_scores_every_branch(monkeypatch: pytest.MonkeyPatch) -> None:
    method = module("slope", blocks(EXTENDING, "python")[0]).METHOD
    monkeypatch.setitem(METHODS, method.id, method)
    clf = iv.load("random", config=tiny_config())
    trace = clf.trace(noise_photo(1))
    found = iv.contributions(clf, trace, 0, "slope")
    assert np.isfinite(found.values).all()
    # At the last module the slope of a branch is the mean of its weights over the map's size.
    weights = clf.inference_network.classifier.weight[0]
    units = trace.modules["5b"].shape[-1] ** 2
    start = 0
    for branch, maps in trace.branches["5b"].items():
        mean = float(weights[start : start + len(maps)].mean()) / units
        assert found.get("5b", branch) == pytest.approx(mean, rel=1e-4, abs=1e-7)
        start += len(maps)


def test_the_page_of_the_guide_shows_itself(tmp_path: Path) -> None:
    (tmp_path / "size.py").write_text(blocks(EXTENDING, "python")[1], "utf-8")
    main = (ROOT / "app" / "main.py").read_text("utf-8")
    assert "views/{view.script}" in main
    app = AppTest.from_string(
        "import runpy, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "import streamlit as st\n"
        "from app.session import choices, links, scene\n"
        "from app.sidebar import column\n"
        "from app.widgets import waiting\n"
        "links.follow()\n"
        "choices.begin()\n"
        "waiting.reserve_place()\n"
        "scene.found.set(column.show())\n"
        f"runpy.run_path({str(tmp_path / 'size.py')!r})\n",
        default_timeout=60,
    ).run()
    assert not app.exception
    assert [t.value for t in app.title] == ["Size"]
    assert "Units of each module" in [s.value for s in app.subheader]


def test_the_picture_and_the_list_of_files_are_those_of_now() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "layers.py"))
    for shown, makes in (("architecture.svg", "svg"), ("architecture.md", "guide")):
        assert (ROOT / "docs" / shown).read_text("utf-8") == made[makes](), (
            "Run `python docs/layers.py`."
        )


def test_the_source_of_the_guide_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    source = module("half", blocks(EXTENDING, "python")[2]).SOURCE
    monkeypatch.setitem(REGISTRY, source.id, source)
    clf = iv.load("half")
    assert clf.title == "Half width"
    assert clf.config == iv.GoogLeNetConfig.half_width()
    assert clf.trace(noise_photo(2)).logits.isfinite().all()


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cat", "espresso"):
        (tmp_path / f"{name}.jpg").write_bytes(sample(name).read_bytes())
    monkeypatch.chdir(tmp_path)
    for block in blocks((ROOT / "README.md").read_text("utf-8"), "python"):
        exec(compile(block, "README.md", "exec"), {})


def test_the_notebook_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # figures belong into the notebook
    notebook = nbformat.read(ROOT / "docs" / "tour.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": ROOT / "docs"}})
    client.execute()  # raises what a cell raises
    assert any("image/png" in str(cell.get("outputs", "")) for cell in notebook.cells)


def test_the_container_copies_what_is_there() -> None:
    text = (ROOT / "Containerfile").read_text("utf-8")
    copied = [name for line in re.findall(r"^COPY (.+)$", text, re.M) for name in line.split()[:-1]]
    assert {"app", "inception_viz", "assets", ".streamlit", "requirements.txt"} == set(copied)
    assert all((ROOT / name).exists() for name in copied)
    ignored = (ROOT / ".containerignore").read_text("utf-8").split()
    assert not set(copied) & set(ignored)
    assert "USER viz" in text
    config = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    target = config["postCreateCommand"].removeprefix("make ")
    assert "DEV_READY := $(VENV)/.ready-dev" in (ROOT / "Makefile").read_text("utf-8")
    assert target == ".venv/.ready-dev"


def test_a_server_with_sign_in_shows_nothing_before() -> None:
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
    app.secrets["auth"] = {"redirect_uri": "x", "cookie_secret": "y"}
    app.run()
    assert not app.exception
    assert [b.label for b in app.button] == ["Sign in"]
    assert not app.get("image")


def test_every_page_is_described() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert not [view.title for view in views.REGISTRY if view.title not in readme]
