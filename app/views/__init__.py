"""One thin script a page: read state, call the library, show figures.

A new page is one file with TITLE, URL, ICON and ``show()``, and one entry in the registry.
"""

from app.views import branches, explore

REGISTRY = (explore, branches)
