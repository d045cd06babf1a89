"""Explore: the first page, one photo and what the network makes of it."""
