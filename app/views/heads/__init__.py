"""Auxiliary heads: what they believe on the way."""
