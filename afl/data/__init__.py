"""Data sets: catalogue, sequences, splits, sessions and candidate lists, and the importers that bring them."""
