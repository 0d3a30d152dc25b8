"""Hints that a model draws from its own mistakes (Re2LLM, arXiv 2403.16427): knowledge bases, rewards, policies.

No agents and no SQL.
"""
