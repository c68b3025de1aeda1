"""The words that the screen and the printed lines share. Loads neither Textual nor TensorFlow."""
