"""The seeds models are trained with where none is named; a study's own seed never enters a model."""

RECOMMENDER_SEED = 1
REWARD_SEED = 2
