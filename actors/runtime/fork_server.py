"""What the fork server loads first: logging to the workers' log, and how signals end it."""

import atexit
import gc
import os
import signal

from actors.runtime import stage_process
from actors.runtime.log import set_up_logging
from storage.settings import load_settings

assert stage_process

# What the imports make stays, and looking for garbage in it takes a seventh of their time.
# `actors.runtime.loaded` lets the collector go on.
gc.disable()
# Registered first, so it runs last: unloading torch takes seconds and has no use.
atexit.register(os._exit, 0)
# Ctrl-C during the imports that follow ends this process without a traceback. Its worker has
# blocked the signal until here. Once the imports are done, `multiprocessing` ignores it.
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
set_up_logging(as_json=load_settings().log_json)
