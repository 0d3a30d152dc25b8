"""Figures, one file each: readable on a telephone, labelled directly, the same bytes every time."""
