"""Contributions: how much each branch adds to the answer."""
