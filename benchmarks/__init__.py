"""Benchmarks and the chaos test; `make chaos` and `make bench-...` run them."""
