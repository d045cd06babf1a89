"""Compare: two photos or two networks, branch by branch."""
