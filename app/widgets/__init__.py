"""Pieces of a page that two pages or more show."""
