"""Chaos: a fleet goes through the real protocol while everything around it breaks."""
