"""Trains a Keras model chunk by chunk, reports what happens as events, and knows no screen.

Nothing is imported here: Keras and TensorFlow load only in the thread that trains.
"""
