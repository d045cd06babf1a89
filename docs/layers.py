"""Draw docs/architecture.svg, and write the list of files in docs/architecture.md.

    python docs/layers.py

What may import what comes from the contracts in pyproject.toml that `make lint` enforces, the words
from each file's own first line.
"""

from __future__ import annotations

import ast
import re
import textwrap
import tomllib
from collections.abc import Iterator
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE, GUIDE = ROOT / "docs" / "architecture.svg", ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- files: made by docs/layers.py -->\n```\n", "```\n<!-- files end -->"

WIDTH, LEFT, GAP = 760, 20, 8
LINE, NAME = 17, 30  # pixels: a line of words; a name with the space around it
_COLOURS = {"inception_viz": ("#E8F1F8", "#0067A3"), "app": ("#FBF0E1", "#A35A00")}


def contracts() -> dict[str, list[list[str]]]:
    """Container → its layers, the highest first; a layer's packages stand side by side."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return {
        contract["containers"][0]: [layer.split(" | ") for layer in contract["layers"]]
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    }


def purpose(container: str, name: str) -> str:
    """The first sentence of a package's or a module's docstring."""
    folder = ROOT / container / name
    return _words(folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py"))


def _words(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    words = docstring.split("\n\n")[0].replace("\n", " ").replace("``", "")
    return re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"\1", words)  # Sphinx's links: the name alone


def guide() -> str:
    """The guide with the list of files as they are now."""
    text = GUIDE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = [line for container in contracts() for line in _files(ROOT / container, 0)]
    return before + BEGIN + "".join(f"{line}\n" for line in lines) + END + after


def _files(folder: Path, depth: int) -> Iterator[str]:
    """A line for a package and each of its modules, the packages in it last."""
    yield _line(f"{folder.name}/", depth, _words(folder / "__init__.py"))
    for path in sorted(folder.glob("*.py")):
        if not path.name.startswith("__"):
            yield _line(path.name, depth + 1, _words(path))
    for path in sorted(folder.glob("*.js")):
        (comment,) = re.findall(r"\A(?:// .*\n)+", path.read_text("utf-8"))
        words = " ".join(comment.replace("// ", "").split())
        yield _line(path.name, depth + 1, words.split(". ")[0].rstrip(".") + ".")
    for inner in sorted(path.parent for path in folder.glob("*/__init__.py")):
        yield from _files(inner, depth + 1)


def _line(name: str, depth: int, words: str) -> str:
    return f"{'  ' * depth + name:28}{words}".rstrip()


def pages() -> list[list[str]]:
    """The pages, which don't know one another, two side by side."""
    names = sorted(path.parent.name for path in (ROOT / "app" / "views").glob("*/page.py"))
    return [[f"views/{name}" for name in names[i : i + 2]] for i in range(0, len(names), 2)]


def svg() -> str:
    """Both stacks beside each other; below the app's, its pages."""
    parts: list[str] = []
    lowest = 0
    for index, (container, layers) in enumerate(contracts().items()):
        x = LEFT + index * (WIDTH + LEFT)
        parts.append(_heading(container, purpose(".", container), x, 40))
        y = _stack(parts, container, layers, x, 90)
        if container == "app":
            words = "Beside each other in views: none imports another."
            parts.append(_heading("its pages", words, x, y + 40))
            y = _stack(parts, container, pages(), x, y + 82)
        lowest = max(lowest, y)
    width, height = LEFT + len(contracts()) * (WIDTH + LEFT), lowest + 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="system-ui, sans-serif" fill="#1B2330">'
        "<title>The layers of Inception Viz: each may import those below it</title>"
        f'<rect width="{width}" height="{height}" rx="12" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _heading(name: str, words: str, x: int, y: int) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="20" font-weight="600">{name}</text>'
        f'<text x="{x}" y="{y + 24}" font-size="14">{escape(words)}</text>'
    )


def _stack(parts: list[str], container: str, layers: list[list[str]], x: int, y: int) -> int:
    """Draw layers downwards from ``y``; where they end."""
    fill, stroke = _COLOURS[container]
    for names in layers:
        width = (WIDTH - GAP * (len(names) - 1)) // len(names)
        words = [textwrap.wrap(purpose(container, name), width // 7) for name in names]
        height = NAME + LINE * max(map(len, words))
        for place, (name, lines) in enumerate(zip(names, words, strict=True)):
            left = x + place * (width + GAP)
            parts.append(
                f'<rect x="{left}" y="{y}" width="{width}" height="{height}" rx="8" '
                f'fill="{fill}" stroke="{stroke}"/>'
                f'<text x="{left + 12}" y="{y + 20}" font-size="15" font-weight="600">{name}</text>'
            )
            parts += [
                f'<text x="{left + 12}" y="{y + 39 + LINE * number}" font-size="13">'
                f"{escape(line)}</text>"
                for number, line in enumerate(lines)
            ]
        y += height + GAP
    return y


if __name__ == "__main__":
    PICTURE.write_text(svg(), "utf-8")
    GUIDE.write_text(guide(), "utf-8")
