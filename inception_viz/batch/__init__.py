"""A whole folder of pictures into one table."""
