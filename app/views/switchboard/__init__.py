"""Switchboard: mute branches and channels."""
