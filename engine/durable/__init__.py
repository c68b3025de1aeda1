"""What outlives the process: run folder, lock, journal and checkpoints."""
