"""Measurements and endurance: `make chaos`, `make bench-latency`, `make bench-throughput`."""
