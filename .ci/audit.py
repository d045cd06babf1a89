"""Known vulnerabilities of everything that is installed, by the advisories of PyPI.

Fails if there is one. Where the advisories can't be reached nothing is known, and that is what it
says: pip-audit alone would report "no known vulnerabilities" then.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

_COMMAND = ["pip_audit", "--local", "--progress-spinner", "off", "--format", "json"]


def verdict(packages: list[dict[str, Any]]) -> tuple[str, bool]:
    """What to say, and whether anything is wrong."""
    checked = [one for one in packages if "skip_reason" not in one]
    unknown = sorted(one["name"] for one in packages if "skip_reason" in one)
    if not checked:
        return "PyPI's advisories can't be reached from here: NOTHING WAS CHECKED.", False
    lines = [
        f"{one['name']} {one['version']}: {', '.join([found['id'], *found.get('aliases', [])])}; "
        f"fixed in {', '.join(found['fix_versions']) or 'no version yet'}"
        for one in checked
        for found in one["vulns"]
    ]
    wrong = bool(lines)
    lines.append(f"{len(checked)} packages checked; known vulnerabilities: {len(lines)}.")
    if unknown:
        lines.append(f"Not checked, because PyPI doesn't know them: {', '.join(unknown)}.")
    return "\n".join(lines), wrong


def main() -> None:
    """Ask, and say."""
    done = subprocess.run([sys.executable, "-m", *_COMMAND], capture_output=True, text=True)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        if "No module named pip_audit" in done.stderr:
            sys.exit("pip-audit isn't installed: make audit installs it.")
        packages = []  # it gave up: no connection
    text, wrong = verdict(packages)
    print(text)
    sys.exit(wrong)


if __name__ == "__main__":
    main()
