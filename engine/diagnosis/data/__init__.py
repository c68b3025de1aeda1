"""Rules about the data, one per file."""
