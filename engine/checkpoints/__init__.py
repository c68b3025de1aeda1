"""Checkpoints: everything needed to resume a run exactly, and how it is written, kept and found."""
