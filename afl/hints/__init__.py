"""Hints learned from a model's own mistakes (Re2LLM, arXiv 2403.16427): bases, rewards, policies; no agent, no SQL."""
