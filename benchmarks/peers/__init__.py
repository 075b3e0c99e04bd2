"""The same work on stock Dramatiq and on Celery.

These modules read the broker's address and a prefix for their keys from the environment.
"""

BROKER = "BENCH_BROKER"
NAMESPACE = "BENCH_NAMESPACE"
