"""Branch activations: every channel of every branch."""
