"""Live: what the camera sees, and what the branches do with it, as it happens."""
