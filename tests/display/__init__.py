"""Tests of rmresearch.display."""
