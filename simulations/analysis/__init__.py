"""Every number of a run or a study, worked out once from what memory keeps; whoever shows one takes it from here."""
