"""What `make bench` runs: fitmon measured against `model.fit` and against its goals, each in a process of its own."""
