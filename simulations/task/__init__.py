"""What is simulated: sessions of a data set with their candidate lists, and what the base models say about them."""
