"""What an agent says and how it is asked: prompts, parsing, the recommendation agent and the user agent."""
