"""A run seen and steered from other processes: the socket in its folder, what goes over it, and both of its ends."""
