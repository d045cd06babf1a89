"""The file itself: its frame, its style, and the sections one below another."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib import resources

from inception_viz.report import sections
from inception_viz.report.findings import Findings

_FOLDER = resources.files(__package__)
_CSS = (_FOLDER / "document.css").read_text("utf-8")
_JS = (_FOLDER / "document.js").read_text("utf-8")

# Nothing is fetched and no script runs but this one, whatever a label or a file name contains.
_HASH = base64.b64encode(hashlib.sha256(_JS.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{_HASH}'; "
    "base-uri 'none'; form-action 'none'"
)


def document(found: Findings) -> str:
    """The whole file."""
    parts = [(s.id, s.title, s.draw(found)) for s in sections.ALL]
    links = "".join(f'<a href="#{name}">{escape(heading)}</a>' for name, heading, _ in parts)
    body = "".join(
        f'<section id="{name}"><h2>{escape(heading)}</h2>{content}</section>'
        for name, heading, content in parts
    )
    return _file(found.title, f"{sections.lead(found)}<nav>{links}</nav>{body}")


def apology(title: str, sentence: str) -> str:
    """A file that says why there is no report."""
    return _file(title, f"<p>{escape(sentence)}</p>")


def _file(title: str, content: str) -> str:
    title = escape(title)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_CSS}</style></head><body><main>"
        f"<h1>{title}</h1>{content}</main><script>{_JS}</script></body></html>"
    )
