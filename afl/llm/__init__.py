"""Language models, and the journaled chat through which every call passes."""
