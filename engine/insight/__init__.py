"""What the predictions show: probabilities and the threshold. Pure numpy."""
