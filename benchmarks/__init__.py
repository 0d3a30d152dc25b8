"""Measurements of AFL; `python -m benchmarks` runs them all."""
