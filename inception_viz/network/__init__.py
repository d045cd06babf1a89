"""The network in PyTorch, and how it runs."""
