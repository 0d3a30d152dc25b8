"""How runs are executed: one call of a command, the agents and the language model it needs, what identifies a run."""
