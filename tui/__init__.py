"""The terminal interface: draws snapshots of a run and sends it commands; loads no TensorFlow."""
