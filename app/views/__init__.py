"""One thin script a page: read state, call the library, show figures.

A new page is one folder here and one line in the registry.
"""

from __future__ import annotations

from typing import NamedTuple


class View(NamedTuple):
    """A page: its script in this folder, its title, its path in the URL."""

    script: str
    title: str
    url: str
    needs_scene: bool = True  # else it is drawn also where no model can answer


REGISTRY = (
    View("explore/page.py", "Explore", "explore"),
    View("branches/page.py", "Branch activations", "branches"),
    View("flow/page.py", "Flow", "flow"),
    View("contributions/page.py", "Contributions", "contributions"),
    View("switchboard/page.py", "Switchboard", "switchboard"),
    View("heads/page.py", "Auxiliary heads", "heads"),
    View("grad_cam/page.py", "Grad-CAM", "grad-cam"),
    View("specialisation/page.py", "Specialisation", "specialisation"),
    View("concepts/page.py", "Concepts", "concepts"),
    View("compare/page.py", "Compare", "compare"),
    View("lab/page.py", "Architecture lab", "lab"),
    View("train/page.py", "Train", "train", needs_scene=False),
    View("learn/page.py", "Learn", "learn"),
    View("teach/page.py", "For teachers", "teach"),
)
