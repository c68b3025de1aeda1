"""What is known of a run, built from its events: the record, its branches, curves and outcomes."""
