"""What is wrong with the data, one rule a file."""
