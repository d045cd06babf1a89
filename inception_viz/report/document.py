"""The file itself: its frame, its style, and the sections one below another."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path

from inception_viz.classifier import Classifier
from inception_viz.explain.rerun import Progress, silent
from inception_viz.explain.target import Asked
from inception_viz.files.cache import atomic_write
from inception_viz.report import sections
from inception_viz.report.findings import Findings, find
from inception_viz.trace import Trace

_FOLDER = resources.files(__package__)
_CSS = (_FOLDER / "document.css").read_text("utf-8")
_JS = (_FOLDER / "document.js").read_text("utf-8")

# Nothing is fetched and no script runs but this one, whatever a label or a file name contains.
_HASH = base64.b64encode(hashlib.sha256(_JS.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{_HASH}'; "
    "base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True)
class Report:
    """A report.

    Attributes:
        title: what it is about.
        html: the whole file; scripts, styles and pictures are inside.
    """

    title: str
    html: str

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all.

        Raises:
            FileError: if it can't be written.
        """
        with atomic_write(Path(path)) as temporary:
            temporary.write_text(self.html, "utf-8")


def failed(photo: str, sentence: str) -> Report:
    """A report that could not be made, as a file that says why in one sentence."""
    title = f"No report about {photo or 'the photo'}"
    return Report(title, apology(title, sentence))


def build(
    classifier: Classifier,
    trace: Trace,
    target: Asked = None,
    *,
    photo: str = "",
    alt: str = "",
    progress: Progress = silent,
) -> Report:
    """Everything that the pages show about a trace, as one file below 5 MB.

    The photo and the answers, what is special, the map by firing, contribution and Grad-CAM, exact
    Shapley values, where every module looks, every channel of every branch, the architecture, and
    the versions that made it.

    Args:
        classifier: the one that made ``trace``.
        trace: of the photo; may have branches muted.
        target: the class to explain; default the network's first choice.
        photo: what the photo is called.
        alt: what it shows, in words, for those who can't see it.
        progress: is told the share that is done; what it raises stops the work.

    Raises:
        ExplainError: for a class that doesn't exist, or a trace of another classifier.
    """
    found = find(classifier, trace, target, photo=photo, alt=alt, progress=progress)
    return Report(found.title, document(found))


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
