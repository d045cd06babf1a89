"""The server as it is started: what SECURITY.md says of its defaults."""

from __future__ import annotations

import socket
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.browser import driver


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with driver.server(tmp_path_factory.mktemp("cache")) as address:
        yield address


def status(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_it_listens_on_this_computer_s_own_address_alone(address: str) -> None:
    port = urlsplit(address).port
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", port), timeout=5)


def test_an_upload_without_our_token_is_refused(address: str) -> None:
    url = f"{address}/_stcore/upload_file/session/file"
    assert status(urllib.request.Request(url, b"x", method="PUT")) == 403


def test_the_only_cookie_is_against_forged_uploads(address: str) -> None:
    names = []
    for path in ("/", "/_stcore/health", "/_stcore/host-config"):
        with urllib.request.urlopen(address + path) as answer:
            names += [c.partition("=")[0] for c in answer.headers.get_all("Set-Cookie", [])]
    assert set(names) == {"_streamlit_xsrf"}


def test_pages_of_other_sites_get_no_connection(address: str) -> None:
    for origin, expected in ((address, 101), ("https://elsewhere.example", 403)):
        with socket.create_connection(("127.0.0.1", urlsplit(address).port), timeout=30) as line:
            line.sendall(
                f"GET /_stcore/stream HTTP/1.1\r\nHost: {urlsplit(address).netloc}\r\n"
                f"Origin: {origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: aW5jZXB0aW9uLXZpeiEhIQ==\r\n\r\n".encode()
            )
            assert line.recv(12).decode() == f"HTTP/1.1 {expected}"


def test_no_interface_for_programs(address: str) -> None:
    url = f"{address}/_stcore/agent/interact"
    assert status(urllib.request.Request(url, b"{}", method="POST")) == 403


def test_nothing_is_reported_and_no_traceback_is_shown() -> None:
    config = tomllib.loads((driver.ROOT / ".streamlit" / "config.toml").read_text())
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showErrorDetails"] == "none"
    assert config["server"]["address"] == "localhost"
    assert config["server"]["enableXsrfProtection"] is True
    assert config["server"]["maxUploadSize"] == 200
