"""`make bench-gan`: our table model against stock SDV's, in time and fidelity."""
