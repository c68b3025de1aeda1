"""What is known of a run, folded from its events: the record, its branches, series and outcomes."""
