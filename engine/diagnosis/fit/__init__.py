"""What the curves say of the fit, one rule a file."""
