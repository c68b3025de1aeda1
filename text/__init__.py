"""Text shared by the screen and the printed lines. Imports neither Textual nor TensorFlow."""
