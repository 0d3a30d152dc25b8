"""Stored replies parsed again and evaluated with the current metrics: what changes, turn by turn and in numbers."""
