"""Hostile input: what once did harm, and a few seeded inputs of every kind.

``benchmarks/hostile.py`` reads 20,000 of each.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.hostile.address import Address
from tests.hostile.registry import NAMES, target
from tests.hostile.target import judge, make

CORPUS = ROOT / "tests" / "data" / "hostile"
FILES = sorted(p for p in CORPUS.iterdir() if p.name != "README.md")


def content(path: Path, name: str) -> Any:
    if name == "page address":
        return Address(json.loads(path.read_text("utf-8")))
    return path.read_text("utf-8") if name in ("config link", "pasted cells") else path.read_bytes()


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_past_finds_are_handled(path: Path, tmp_path: Path) -> None:
    name = path.name.partition("-")[0].replace("_", " ")
    assert judge(target(name), content(path, name), tmp_path).finding == ""


def test_every_past_find_is_described() -> None:
    described = re.findall(r"^- `([^`]+)`: ", (CORPUS / "README.md").read_text("utf-8"), re.M)
    assert sorted(described) == [p.name for p in FILES]


@pytest.mark.parametrize("name", NAMES)
def test_seeded_inputs_are_accepted_or_refused(name: str, tmp_path: Path) -> None:
    attacked = target(name)
    accepted = 0
    for index in range(60):
        outcome = judge(attacked, make(attacked, 1, index), tmp_path)
        assert outcome.finding == "", index
        accepted += outcome.accepted
    assert accepted, "no input gets through to where the interesting code is"


def test_the_watch_sees_what_it_is_there_for(tmp_path: Path) -> None:
    """Otherwise an empty list of findings would mean nothing."""
    import os
    import warnings
    from dataclasses import replace

    folder, outside = tmp_path / "inside", tmp_path / "outside"
    folder.mkdir()

    def write(_data: object, _folder: Path) -> None:
        outside.write_text("x")

    def start(_data: object, _folder: Path) -> None:
        os.system("true")

    def warn(_data: object, _folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning("look", UserWarning, "x.py", 1)

    def fail(_data: object, _folder: Path) -> None:
        raise RuntimeError("no sentence")

    def mumble(_data: object, _folder: Path) -> None:
        raise ValueError("bad\nvalue")

    for read, words in (
        (write, "wrote to"),
        (start, "executed"),
        (warn, "warning: look"),
        (fail, "RuntimeError"),
        (mumble, "no sentence"),
    ):
        attacked = replace(target("png"), read=read, refusals=(ValueError,))
        assert words in judge(attacked, b"", folder).finding
