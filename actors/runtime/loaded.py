"""What the fork server loads last: it undoes what held for the imports only.

The processes of stages collect garbage, but not in what was imported. Freezing also keeps that
memory shared: the collector writes to each object that it looks at.
"""

import gc
import signal

signal.setitimer(signal.ITIMER_REAL, 0)
signal.signal(signal.SIGALRM, signal.SIG_DFL)
gc.freeze()
gc.enable()
