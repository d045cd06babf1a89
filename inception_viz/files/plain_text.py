"""Text as other programs save it."""

from __future__ import annotations


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8, UTF-16, or else Windows' Western European (cp1252).

    A mark of the byte order, if there is one, decides and is taken off.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    if content[1:2] == b"\0":  # UTF-16 without its mark
        return content.decode("utf-16-le", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
