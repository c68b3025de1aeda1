"""What the predictions say: probabilities against the threshold, in pure numpy."""
