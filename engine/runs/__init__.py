"""Runs on this machine: their folders, names, locks, journals and status."""
