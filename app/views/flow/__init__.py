"""The page Flow, and what it opens: two branches, two channels, a kernel."""
