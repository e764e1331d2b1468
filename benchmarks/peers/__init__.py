"""Peers, each in a process of its own; nothing here imports ours."""
