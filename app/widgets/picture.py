"""Pictures on the page."""

from __future__ import annotations

import base64


def data_url(content: bytes, kind: str = "jpeg") -> str:
    """A picture as text, for HTML and components."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
