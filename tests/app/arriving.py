"""The app as somebody finds it who follows a link to one of its pages."""

from __future__ import annotations

from collections.abc import Mapping

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from tests.conftest import ROOT


def arrive(url: str, query: Mapping[str, str]) -> AppTest:
    """Follow the link ``/url?query`` in a session of its own.

    ``AppTest.switch_page`` knows the pages only after a first run, on another page.
    """
    app = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=60)
    app._page_hash = calc_hash(url)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()
