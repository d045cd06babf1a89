"""Files that run in the browser: how they are joined, and our own check of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.frontend import text
from tests.scripts import script

frontend = script("frontend")
GOOD = {
    "part.js": "// A part.\nexport function part() {}\n",
    "tool.js": "import { part } from './part.js';\n\nexport default part;\n",
    "tool.css": "b { color: red; }\n",
    "tool.html": "<b></b>\n",
    "user.py": 'component("tool")\n',
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(frontend, "ROOT", tmp_path)
    for name, content in GOOD.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def test_imports_are_replaced_by_what_they_name() -> None:
    joined = text("switch_map.js")
    assert "import " not in joined
    assert joined.count("function redraw(") == joined.count("export ") == 1
    assert text("switch_map.css") == text("map.css")
    assert text("map.css") in text("branch_map.css")


def test_ours_are_good(folder: Path) -> None:
    assert list(frontend.complaints(folder)) == []


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("part.js", "function part() {}\n", "part.js exports no part"),
        ("tool.js", "import { part } from './gone.js';\n", "gone.js doesn't exist"),
        ("tool.js", "import part from './part.js';\n", "isn't written as"),
        ("tool.js", "var a = 1;\n", "instead of var"),
        ("tool.js", "if (a == b) c();\n", "=== and !=="),
        ("tool.js", "console.log(1);\n", "not for users"),
        ("tool.js", "a();", "no line break"),
        ("tool.js", f"// {'a' * 100}\n", "over 100 characters"),
        ("tool.css", "b { color: red;\n", "a brace is missing"),
        ("tool.css", None, "tool.css is missing"),
        ("user.py", "", "tool.js: nobody uses it"),
    ],
)
def test_what_is_wrong_is_said(
    folder: Path, name: str, content: str | None, complaint: str
) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    assert any(complaint in line for line in frontend.complaints(folder))
