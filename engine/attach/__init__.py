"""Viewing and steering a run from other processes: the socket in its folder, the protocol, server and client."""
