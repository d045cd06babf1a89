"""Memory of the server that this process started."""

from __future__ import annotations

import os
import subprocess


def megabytes() -> float:
    """Its resident memory in MB."""
    children = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "rss=,args="], capture_output=True, text=True
    ).stdout.splitlines()
    return sum(int(line.split()[0]) for line in children if "streamlit run" in line) / 1000
