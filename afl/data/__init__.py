"""Data sets: catalogue, sequences, splits, sessions, candidate lists, and the importers."""
