"""Trains a run: the session in its thread, the chunks of an epoch and what follows them, stop, rewind and resume."""
