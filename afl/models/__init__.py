"""Base models: each one self-contained file, all trained by the one loop in `trainer`."""
