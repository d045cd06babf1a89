"""Learn: the lesson, chapter by chapter."""
