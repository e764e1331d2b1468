"""Measurements: whole commands against named peers, in one run."""
