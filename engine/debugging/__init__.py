"""Seeing what the engine does: stepping, explaining, diagnosing. Nothing here is needed to compute."""
