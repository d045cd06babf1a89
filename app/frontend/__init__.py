"""Our parts of the page that run in the browser: files of one name make one component.

A component is a text each of HTML, CSS and JavaScript. What several need is a file of its own:
``import { a } from './other.js';`` and ``@import './other.css';`` are replaced by what they name.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_FOLDER = Path(__file__).parent
_IMPORT = re.compile(r"^(?:import \{[^}]*\} from|@import) '\./([\w.]+)';\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)


def component(name: str) -> ComponentRenderer:
    """The component of ``name``.html, ``name``.css and ``name``.js in this folder."""
    html, css, js = (text(f"{name}.{kind}") for kind in ("html", "css", "js"))
    return st.components.v2.component(f"inception_viz.{name}", html=html, css=css, js=js)


@cache
def text(name: str) -> str:
    """A file of this folder, with the text of what it imports, once, in place of the imports."""
    joined: set[str] = set()

    def part(found: re.Match[str]) -> str:
        if found[1] in joined:
            return ""
        joined.add(found[1])
        return _EXPORT.sub("", _IMPORT.sub(part, (_FOLDER / found[1]).read_text("utf-8")))

    return _IMPORT.sub(part, (_FOLDER / name).read_text("utf-8"))
