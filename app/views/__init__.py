"""One thin script a page: read state, call the library, show figures.

A new page is one file here and one line in the registry.
"""

from __future__ import annotations

from typing import NamedTuple


class View(NamedTuple):
    """A page: its script in this folder, its title, its path in the URL."""

    script: str
    title: str
    url: str


REGISTRY = (
    View("explore.py", "Explore", "explore"),
    View("branches.py", "Branch activations", "branches"),
    View("contributions.py", "Contributions", "contributions"),
    View("switchboard.py", "Switchboard", "switchboard"),
    View("heads.py", "Auxiliary heads", "heads"),
    View("grad_cam.py", "Grad-CAM", "grad-cam"),
    View("compare.py", "Compare", "compare"),
    View("lab.py", "Architecture lab", "lab"),
    View("train.py", "Train", "train"),
    View("learn.py", "Learn", "learn"),
    View("teach.py", "For teachers", "teach"),
)
