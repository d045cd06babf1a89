"""What we lean on of Streamlit's inside, all of it: nothing promised, so a new version may end it.

``tests/browser/test_internals.py`` fails when one of these is gone, and when a file uses another.
Keys as classes (``st-key-…``), the theme's variables (``--st-…``) and settings are promised.

Beside these selectors, ``framed.js`` looks for the cookie ``_streamlit_xsrf``, and ``history.js``
takes the place of ``history.pushState`` and ``history.replaceState``, through which Streamlit's
router writes the address.
"""

from __future__ import annotations

# Each selector, and the page, in a link, where it must find something.
SELECTORS = {
    ".stMainBlockContainer": "",
    ".stApp h1": "",
    ".stApp h2": "teach",
    ".stApp h3": "",
    "[data-testid=stCaptionContainer]": "",
    "[data-testid=stCaptionContainer] p": "",
    "[data-testid=stImageCaption]": "branches",
    "[data-testid=stImageCaption] p": "branches",
    "[data-testid=stBaseButton-primary] p": "lab",
    "[data-testid=stPageLink] a": "",
    "[data-testid=stPageLink] p": "",
    "[data-testid=stPageLink] a p": "",
    "[data-testid=stButtonGroup] > div": "",
    ".st-key-fit [data-testid=stButtonGroup] > div": "",
    ".st-key-fit [data-testid=stButtonGroup] > div > button": "",
    ".st-key-fit [data-testid=stButtonGroup] > div > button:not([aria-checked=true])": "",
    "[data-testid=stElementToolbar]": "branches",
}
