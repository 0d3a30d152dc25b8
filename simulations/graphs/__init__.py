"""State machines in LangGraph (dialogue, lists, exploration) and the runner that plays sessions through them."""
