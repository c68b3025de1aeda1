"""The command line: one command a file. Nothing heavy is imported until a run is sure to start."""
