"""Processes that die by SIGKILL at any step: whether the next run makes good what they left."""
