"""Specialisation: do the branches of a module prefer different things?"""
