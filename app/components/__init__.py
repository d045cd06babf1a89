"""Shared pieces of the pages, each `show(key, …) -> value`."""
