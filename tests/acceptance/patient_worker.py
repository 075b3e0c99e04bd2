"""A real worker with cheap stages, whose steward makes one round and then none for an hour.

So what starts under it was not left to a steward's round.
"""

from __future__ import annotations

from actors.runtime import steward
from benchmarks import cheap_worker

if __name__ == "__main__":
    steward.PERIOD_SECONDS = 3600.0
    cheap_worker.main()
