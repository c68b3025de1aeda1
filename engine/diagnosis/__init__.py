"""Says what a run's curves mean: findings with their evidence, how sure they are, and remedies. Pure numpy."""
