"""Install a list of packages with pip, and say what it is doing.

    python .ci/install.py requirements.txt

Pip is silent while it works with --quiet, and writes hundreds of lines without. This shows one line
at a time: which package is looked at, how much is downloaded, how long the installing takes.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time

WIDTH = 76


def main(requirements: str) -> int:
    """Run pip; its own words only if it fails."""
    print(f"Installing the packages in {requirements}: once, for a minute or two.", flush=True)
    started, said = time.monotonic(), list[str]()
    now = Now(started)
    command = [sys.executable, "-m", "pip", "install", "-r", requirements, "--progress-bar=off"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            said.append(line)
            if (news := news_in(line)) is not None:
                now.say(news)
        status = pip.wait()
    now.finish()
    seconds = time.monotonic() - started
    if status:
        print("".join(said[-30:]), end="")
        print("The packages could not be installed; pip says why above.")
    else:
        print(f"All packages are here ({seconds:.0f} s).")
    return status


def news_in(line: str) -> str | None:
    """What a line of pip's means for somebody who waits; None for what doesn't matter."""
    if found := re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.\-]+)", line):
        return f"looking for {found[1]}"
    if found := re.match(r"\s*(?:Downloading|Using cached) (\S+).*\(([\d.]+ [kMG]?B)\)", line):
        name = found[1].rsplit("/", 1)[-1].split("-")[0]
        return f"fetching {name} ({found[2]})"
    if line.startswith("Installing collected packages"):
        count = line.count(",") + 1
        return f"installing {count} packages"
    return None


class Now:
    """What is going on: on a terminal one line that changes, elsewhere a line now and then."""

    def __init__(self, started: float) -> None:
        """Begin with nothing to say."""
        self._started, self._news, self._done = started, "looking for packages", threading.Event()
        self._live = sys.stdout.isatty()
        self._thread = threading.Thread(target=self._tell, daemon=True)
        self._thread.start()

    def say(self, news: str) -> None:
        """Something else is going on now."""
        self._news = news

    def finish(self) -> None:
        """Nothing is going on any more."""
        self._done.set()
        self._thread.join()
        if self._live:
            print("\r" + " " * WIDTH + "\r", end="", flush=True)

    def _tell(self) -> None:
        while not self._done.wait(0.2 if self._live else 10):
            text = f"  {time.monotonic() - self._started:3.0f} s  {self._news} …"[:WIDTH]
            print(f"\r{text:{WIDTH}}" if self._live else text, end="" if self._live else "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
