"""Base models: one self-contained file each, all trained by the loop in `trainer`."""
