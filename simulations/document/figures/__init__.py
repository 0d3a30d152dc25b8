"""Figures, one file each: readable on a telephone, labelled where the eye is, the same bytes every time."""
