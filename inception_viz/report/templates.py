"""The templates of documents: what is put into one is text, unless the template says it is HTML."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined

from inception_viz.figures.photo import data_url
from inception_viz.figures.words import percent, short_number, sigma
from inception_viz.report.sections import cell

_FOLDER = resources.files(__package__)
_CSS = (_FOLDER / "document.css").read_text("utf-8")
_JS = (_FOLDER / "document.js").read_text("utf-8")

# Nothing is fetched and no script runs but this one, whatever a label or a file name contains.
_HASH = base64.b64encode(hashlib.sha256(_JS.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{_HASH}'; "
    "base-uri 'none'; form-action 'none'"
)


def filled(name: str, title: str, **more: object) -> str:
    """The document that the template ``name`` makes of these values."""
    frame = {"policy": _POLICY, "style": _CSS, "script": _JS}
    return _templates().get_template(name).render(title=title, **frame, **more)


@cache
def _templates() -> Environment:
    loader = PackageLoader("inception_viz", "report")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    for function in (data_url, percent, short_number, sigma, cell):
        environment.filters[function.__name__] = function
    return environment
