"""Stored replies under today's parsers and metrics: what a session would be taken to say now, and what that changes."""
