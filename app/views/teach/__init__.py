"""For teachers: a lesson plan with links."""
