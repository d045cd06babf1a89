"""The architecture as data: the table, the plan that follows from it, and what it costs."""
