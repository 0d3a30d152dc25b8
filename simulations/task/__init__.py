"""What is simulated: sessions of a data set with their candidate lists, and the outputs of base models for them."""
