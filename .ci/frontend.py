"""Check what runs in the browser: with biome where it is, and with a small check of ours anywhere.

    python .ci/frontend.py

Biome (https://biomejs.dev, its rules are in biome.json) comes from npm. Without node, or without a
network to fetch it once, our own check has to do; it says so.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIOME = "@biomejs/biome@2.6.8"
FOLDERS = (ROOT / "app" / "frontend", ROOT / "inception_viz" / "report")
COMPONENT = (".html", ".css", ".js")
WIDTH = 100
EXPORT = re.compile(r"^export (?:async )?(?:function|const|class) (\w+)", re.MULTILINE)
IMPORT = re.compile(r"^(?:import \{([^}]*)\} from|@import) '\./([\w.]+)';$", re.MULTILINE)
FORBIDDEN = {
    r"\bvar\s+\w": "const or let instead of var",
    r"[^=!<>]==[^=]|!=[^=]": "=== and !== compare without converting",
    r"\b(?:eval|alert)\(|\bdebugger\b|\bconsole\.": "not for users",
}


def complaints(folder: Path) -> Iterator[str]:
    """What is wrong with the files of a folder, in lines that begin with the place."""
    files = sorted(path for path in folder.iterdir() if path.suffix in COMPONENT)
    python = "".join(path.read_text("utf-8") for path in ROOT.glob("app/**/*.py"))
    python += "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    texts = {path.name: path.read_text("utf-8") for path in files}
    imported = {name for text in texts.values() for _, name in IMPORT.findall(text)}
    for path in files:
        text = texts[path.name]
        yield from (f"{path}:{line}" for line in lines(text, path.suffix))
        yield from (f"{path}: {line}" for line in imports(text, texts))
        family = [path.stem + ending for ending in COMPONENT]
        if f'component("{path.stem}")' in python:
            yield from (f"{path}: {name} is missing" for name in family if name not in texts)
        elif path.name not in imported and f'"{path.name}"' not in python:
            yield f"{path}: nobody uses it"


def lines(text: str, kind: str) -> Iterator[str]:
    """What can be said of single lines; ``kind`` is the file's ending."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > WIDTH or "\t" in line or line != line.rstrip():
            yield f"{number}: over {WIDTH} characters, a tab, or a space at the end"
        if kind == ".js":
            code = line.partition("// ")[0]
            found = [why for pattern, why in FORBIDDEN.items() if re.search(pattern, code)]
            yield from (f"{number}: {why}" for why in found)
    if not text.endswith("\n"):
        yield "1: no line break at the end"
    if kind == ".css" and text.count("{") != text.count("}"):
        yield "1: a brace is missing"


def imports(text: str, texts: dict[str, str]) -> Iterator[str]:
    """What our own way to join files (app/frontend/__init__.py) would stumble over."""
    if len(re.findall(r"^(?:@?import)\b", text, re.MULTILINE)) != len(IMPORT.findall(text)):
        yield "an import isn't written as `import { a } from './b.js';` or `@import './b.css';`"
    for names, file in IMPORT.findall(text):
        if file not in texts:
            yield f"{file} doesn't exist"
            continue
        unknown = set(re.findall(r"\w+", names)) - set(EXPORT.findall(texts[file]))
        yield from (f"{file} exports no {name}" for name in sorted(unknown))


def biome() -> list[str]:
    """The command that runs it; empty where it isn't and can't be fetched."""
    npx = shutil.which("npx")
    if npx is None:
        return []
    command = [npx, "--yes", "--prefer-offline", BIOME]
    quick = os.environ | {"npm_config_fetch_retries": "0", "npm_config_fetch_timeout": "20000"}
    try:
        found = subprocess.run([*command, "--version"], env=quick, capture_output=True, timeout=90)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return command if found.returncode == 0 else []


def main() -> int:
    """Say what is wrong; whether anything is."""
    found = [text for folder in FOLDERS for text in complaints(folder)]
    print("\n".join(found), end="\n" * bool(found))
    command = biome()
    if not command:
        print("biome isn't here (it comes with node and npm): only a small check of ours ran.")
        return bool(found)
    return subprocess.run([*command, "check"], cwd=ROOT).returncode or bool(found)


if __name__ == "__main__":
    sys.exit(main())
