"""Any file that a user brings → a safe picture → what the network takes in."""
