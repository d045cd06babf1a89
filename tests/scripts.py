"""The scripts of .ci, which are no package."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from tests.conftest import ROOT


def script(name: str) -> ModuleType:
    """The script as a module."""
    found = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
