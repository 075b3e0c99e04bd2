"""What the fork server loads first: logging to the workers' log, and what ends it meanwhile."""

import atexit
import gc
import os
import signal

from actors.runtime import stage_process
from actors.runtime.log import set_up_logging
from storage.settings import load_settings

assert stage_process

#: How often the fork server looks for its worker during the imports that follow, seconds.
_LOOK_SECONDS = 0.2

_worker = os.getppid()


def _end_without_worker(*_: object) -> None:
    if os.getppid() != _worker:
        os._exit(0)


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
# The imports take seconds, which have no use once the worker has ended. After them, the end of
# a pipe says so; `actors.runtime.loaded` ends this.
signal.signal(signal.SIGALRM, _end_without_worker)
signal.siginterrupt(signal.SIGALRM, False)
signal.setitimer(signal.ITIMER_REAL, _LOOK_SECONDS, _LOOK_SECONDS)
