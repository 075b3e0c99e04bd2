"""Chaos test: a fleet runs through the real protocol while faults are injected."""
