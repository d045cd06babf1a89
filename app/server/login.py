"""Sign-in by Streamlit's own means, where the server's secrets ask for it; otherwise nothing."""

from __future__ import annotations

import streamlit as st


def passed() -> bool:
    """Whether the visitor may go on; draws the way to sign in if not.

    A server asks for it with an ``[auth]`` section in ``.streamlit/secrets.toml``.
    """
    if not st.secrets.load_if_toml_exists() or "auth" not in st.secrets:
        return True
    if st.user.get("is_logged_in", False):
        return True
    st.title("Inception Viz")
    st.markdown("This server asks you to sign in.")
    st.button("Sign in", on_click=st.login, type="primary")
    return False
