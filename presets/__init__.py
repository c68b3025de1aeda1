"""Ready jobs: the systems of well-known tutorials, trainable by name."""
