"""Explains what a run's curves mean: findings with evidence, confidence and remedies. Pure numpy."""
