"""The validation pass: loss, metrics and every sample's prediction from one compiled pass, and the training subset."""
