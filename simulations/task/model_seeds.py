"""The seeds that base models are trained with where none is named; the seed of a run never enters a model."""

RECOMMENDER_SEED = 1
REWARD_SEED = 2
