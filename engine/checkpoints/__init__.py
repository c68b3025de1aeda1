"""Checkpoints: everything needed to resume a run exactly, how it is written, kept and found again."""
