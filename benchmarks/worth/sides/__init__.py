"""The sides: each makes lives to learn from, out of the known units alone."""
