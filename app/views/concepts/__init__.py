"""The page Concepts: examples, what was found with them, and what the photo at hand has of it."""
