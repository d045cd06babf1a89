"""What whoever looks at the page may do: come in at all, name a folder of the app's computer.

What a folder holds would show: the names of its folders become labels and appear in messages. On
one's own computer that is what one wants; on a server it would let every visitor look around.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import streamlit as st

FOLDERS_VARIABLE = "INCEPTION_VIZ_SERVER_FOLDERS"
NO_FOLDERS = (
    "Folders can be named only where the app runs on your own computer: on this server they would "
    "be the server's."
)
_HERE = ("localhost", "127.0.0.1", "::1")
_PROXY_HEADERS = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
                  "X-Real-Ip")  # fmt: skip


def folders_allowed() -> bool:
    """Whether the app listens on this computer alone and the browser came to it directly.

    ``INCEPTION_VIZ_SERVER_FOLDERS=yes`` allows it to everybody, ``no`` to nobody.
    """
    decided = os.environ.get(FOLDERS_VARIABLE, "").strip().lower()
    if decided:
        return decided == "yes"
    headers = st.context.headers
    asked = [headers[name] for name in ("Host", "Origin") if name in headers]
    return (
        st.get_option("server.address") in _HERE
        and all(_host(address) in _HERE for address in asked)
        and not any(name in headers for name in _PROXY_HEADERS)
    )


def _host(address: str) -> str:
    """The host of "localhost:8501" or "http://localhost:8501"; "" if there is none."""
    try:
        return urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return ""


def uploads_guarded() -> bool:
    """Whether an upload must bring Streamlit's cookie (XSRF): by its setting, or with sign-in."""
    return bool(st.get_option("server.enableXsrfProtection")) or _sign_in()


def _sign_in() -> bool:
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def signed_in() -> bool:
    """Whether the visitor may go on; draws Streamlit's own way to sign in if not.

    A server asks for it with an ``[auth]`` section in ``.streamlit/secrets.toml``.
    """
    if not _sign_in():
        return True
    if st.user.get("is_logged_in", False):
        return True
    st.title("Inception Viz")
    st.markdown("This server asks you to sign in.")
    st.button("Sign in", on_click=st.login, type="primary")
    return False
