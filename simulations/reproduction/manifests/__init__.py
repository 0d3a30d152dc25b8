"""What the paper reports, frozen: numbers are never changed to fit."""
