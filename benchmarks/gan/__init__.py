"""`make bench-gan`: our model of a table beside stock SDV's, in time and in fidelity."""
