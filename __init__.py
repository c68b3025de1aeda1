"""Watch, understand and steer a Keras training run from the terminal."""
