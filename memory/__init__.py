"""Storage in SQL: journal, turns, agent memories and results of every run."""
