"""Metrics and the statistics around them, one file each."""
