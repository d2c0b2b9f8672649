"""A backup and its way back: one snapshot of all five databases, and the files that it names."""
