"""Benchmarks and the chaos test; `make chaos` and `make bench-...` run them."""

# Before anything of ours: storage.database leaves psycopg out of processes that need no PostgreSQL.
import psycopg  # noqa: F401
