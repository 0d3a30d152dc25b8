"""Language models, and the one gate through which every call passes."""
