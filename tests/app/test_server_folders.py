"""Who may name a folder of the server, and who doesn't get to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.runtime.context import ContextProxy, StreamlitHeaders

from app.server import access
from tests.app.test_lab import press
from tests.app.test_pages import start, texts

HERE = {"Host": "localhost:8501", "Origin": "http://localhost:8501"}
Visit = Callable[..., None]


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Visit:
    """Come to a server that listens on ``address`` with these headers."""

    def come(headers: dict[str, str], address: str | None = "localhost") -> None:
        sent = StreamlitHeaders(headers.items())
        monkeypatch.setattr(ContextProxy, "headers", property(lambda _self: sent))
        monkeypatch.setattr(st, "get_option", lambda _name: address)

    monkeypatch.delenv(access.FOLDERS_VARIABLE, raising=False)
    return come


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501", "localhost"])
def test_a_browser_on_the_same_computer_may(visit: Visit, host: str) -> None:
    visit({"Host": host, "Origin": f"http://{host}"})
    assert access.folders_allowed()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "viz.school.example", "Origin": "https://viz.school.example"},
        HERE | {"Origin": "https://viz.school.example"},
        HERE | {"Origin": "null"},
        HERE | {"Host": "localhost.evil.example"},
        HERE | {"Host": "[broken"},
        *(HERE | {name: "https"} for name in ("X-Forwarded-Proto", "x-forwarded-for", "Via")),
    ],
)
def test_who_comes_through_a_proxy_may_not(visit: Visit, headers: dict[str, str]) -> None:
    visit(headers)
    assert not access.folders_allowed()


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "192.168.1.5"])
def test_nobody_may_where_the_server_is_open(visit: Visit, address: str | None) -> None:
    visit(HERE, address)
    assert not access.folders_allowed()


def test_the_server_s_owner_decides(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    visit(HERE, "0.0.0.0")
    monkeypatch.setenv(access.FOLDERS_VARIABLE, "yes")
    assert access.folders_allowed()
    visit(HERE)
    monkeypatch.setenv(access.FOLDERS_VARIABLE, "no")
    assert not access.folders_allowed()


def test_the_pages_offer_no_folder_then(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INCEPTION_VIZ_CACHE", str(tmp_path))
    monkeypatch.setenv(access.FOLDERS_VARIABLE, "no")
    app = start("train", train_origin="A folder on this computer")
    assert not app.exception
    assert "train_folder" not in [box.key for box in app.text_input]
    app.session_state["train_origin"] = "folder"
    app.run()
    assert "train_folder" not in [box.key for box in app.text_input]
    app = press(press(start("lab"), "Half width"), "Rebuild the network")
    assert "lab_accuracy" not in [box.key for box in app.text_input]
    assert access.NO_FOLDERS in texts(app)
