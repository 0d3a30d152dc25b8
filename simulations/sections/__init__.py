"""What a report says, one topic a file: each turns runs into the blocks of a page."""
