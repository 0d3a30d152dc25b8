"""Figures, one file each: small enough for a telephone, labelled where the eye is, the same bytes every time."""
