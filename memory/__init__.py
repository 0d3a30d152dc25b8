"""What is kept, in SQL: journal, turns, memories and outcomes of every run."""
