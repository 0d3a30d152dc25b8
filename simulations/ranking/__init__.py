"""The recommendation agent as a ranker: what its lists are worth, run by run and run against run."""
