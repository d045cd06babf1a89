"""One thin script a page: read state, call the library, show figures.

A new page is one folder here and one line in the registry.
"""

from __future__ import annotations

from typing import NamedTuple


class View(NamedTuple):
    """A page: its script in this folder, its title, its path in the URL, its group in the menu."""

    script: str
    title: str
    url: str
    group: str
    needs_scene: bool = True  # else it is drawn also where no model can answer


CLASS_PAGE = "classroom"
REGISTRY = (
    View("explore/page.py", "Explore", "explore", "See"),
    View("branches/page.py", "Branch activations", "branches", "See"),
    View("flow/page.py", "Flow", "flow", "See"),
    View("specialisation/page.py", "Specialisation", "specialisation", "See"),
    View("contributions/page.py", "Contributions", "contributions", "Ask why"),
    View("switchboard/page.py", "Switchboard", "switchboard", "Ask why"),
    View("heads/page.py", "Auxiliary heads", "heads", "Ask why"),
    View("grad_cam/page.py", "Grad-CAM", "grad-cam", "Ask why"),
    View("concepts/page.py", "Concepts", "concepts", "Ask why"),
    View("compare/page.py", "Compare", "compare", "Change"),
    View("lab/page.py", "Architecture lab", "lab", "Change"),
    View("train/page.py", "Train", "train", "Change", needs_scene=False),
    View("learn/page.py", "Learn", "learn", "In class"),
    View("live/page.py", "Live", "live", "In class"),
    View("break_it/page.py", "Break it", "break-it", "In class"),
    View("teach/page.py", "For teachers", "teach", "In class"),
    View("classroom/page.py", "Class", CLASS_PAGE, "In class", needs_scene=False),
)
