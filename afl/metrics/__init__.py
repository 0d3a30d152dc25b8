"""Metrics and the statistics around them, by subject."""
