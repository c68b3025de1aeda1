"""Training a run: the session in its thread, the chunks of an epoch, what follows them, and how it stops, rewinds and resumes."""
