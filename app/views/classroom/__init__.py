"""The page Class: what a teacher opens, and what the class comes to."""
