"""Hints over whole data sets: exploring for them, and the files they travel in."""
