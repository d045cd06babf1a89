"""Explanations: from a classifier and a trace to frozen results."""
