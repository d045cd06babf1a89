"""Keep the pinned requirements true.

    python .ci/pins.py             # every import is pinned, every pin is what is installed
    python .ci/pins.py --update    # move pins to the newest versions that install together

torch and torchvision stay: figures are measured with them, so they are moved by hand.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOVED_BY_HAND = ("torch", "torchvision")
OURS = {"inception_viz", "app", "tests", "benchmarks", "docs"}
# Where imports are, and the file that pins them.
FOLDERS = {
    "inception_viz": "requirements.txt",
    "app": "requirements.txt",
    "tests": "requirements-dev.txt",
    "docs": "requirements-dev.txt",
    "benchmarks": "requirements-bench.txt",
}
OPTIONAL = "requirements-bench.txt"  # not installed everywhere
NAMES = {"pytorch_grad_cam": "grad-cam"}  # for what isn't


def read_pins(path: Path) -> dict[str, tuple[str, str]]:
    """Name → (version, comment) of the lines of one file, without the files that it includes."""
    lines = re.findall(r"^([\w.-]+)==([^\s#]+)[ \t]*(#.*)?$", path.read_text("utf-8"), re.M)
    return {_normal(name): (pin, comment) for name, pin, comment in lines}


def included(path: Path) -> list[Path]:
    """The file and all that it includes."""
    found = [path]
    for name in re.findall(r"^-r\s+(\S+)", path.read_text("utf-8"), re.M):
        found += included(path.with_name(name))
    return found


def imports(folder: Path) -> Iterator[tuple[str, Path]]:
    """Each foreign package that a file below ``folder`` imports, and the file."""
    for path in sorted(folder.rglob("*.py")):
        names: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
        yield from ((name, path) for name in sorted(names - sys.stdlib_module_names - OURS))


def problems(root: Path = ROOT, folders: Mapping[str, str] = FOLDERS) -> list[str]:
    """What is wrong, each in a sentence."""
    found: dict[str, None] = {}  # a set that keeps its order
    providers = packages_distributions()
    used: set[str] = set()
    for folder, file in folders.items():
        pinned = {name for part in included(root / file) for name in read_pins(part)}
        for module, path in imports(root / folder):
            packages = {_normal(n) for n in providers.get(module, [NAMES.get(module, module)])}
            if file == "requirements.txt":
                used |= packages
            if not packages & pinned:
                where = path.relative_to(root)
                found[f"{where} imports {module}, which {file} does not pin."] = None
    for file in sorted(set(folders.values())):
        for name, (pin, comment) in read_pins(root / file).items():
            try:
                here = version(name).partition("+")[0]  # "2.13.0+cpu" is 2.13.0
            except PackageNotFoundError:
                here = pin if file == OPTIONAL else "nothing"
            if here != pin:
                found[f"{file} pins {name}=={pin}, but {here} is installed."] = None
            if file == "requirements.txt" and name not in used and not comment:
                found[f"{file} pins {name}, which nothing imports; say why on its line."] = None
    return list(found)


def update(root: Path = ROOT) -> list[str]:
    """Move the pins; what moved, as text."""
    files = sorted(set(FOLDERS.values()))
    pins = {name: pin for file in files for name, (pin, _) in read_pins(root / file).items()}
    wanted = [f"{n}=={pin}" if n in MOVED_BY_HAND else n for n, pin in pins.items()]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--dry-run"]
        subprocess.run([*command, "--report", str(report), *wanted], check=True)
        chosen = json.loads(report.read_text("utf-8"))["install"]
    newest = {_normal(one["metadata"]["name"]): one["metadata"]["version"] for one in chosen}
    moved = []
    for file in files:
        text = (root / file).read_text("utf-8")
        for name, (pin, _) in read_pins(root / file).items():
            new = newest.get(name, pin)
            if new != pin and name not in MOVED_BY_HAND:
                start = "".join("[-_.]" if c == "-" else re.escape(c) for c in name)
                text = re.sub(rf"(?im)^({start}==){re.escape(pin)}", rf"\g<1>{new}", text)
                moved.append(f"{file}: {name} {pin} → {new}")
        (root / file).write_text(text, "utf-8")
    return moved


def _normal(name: str) -> str:
    """One spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Check, or move."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--update", action="store_true", help="move pins to the newest versions")
    if parser.parse_args().update:
        moved = update()
        print("\n".join(moved) or "Every pin is the newest already.")
        if moved:
            print("Now: make test. Newest is not always best.")
        return
    found = problems()
    print("\n".join(found) or "Every import is pinned; every pin is what is installed.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
