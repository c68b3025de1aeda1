"""The screen: draws snapshots of a run and asks it for changes; loads no TensorFlow."""
