"""Flower: recommender language models tuned by flows instead of imitation (SIGIR 2025, arXiv 2503.07377)."""
