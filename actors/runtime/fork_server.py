"""What the fork server loads first: whatever it and its children say goes to the workers' log."""

import atexit
import os

from actors.runtime import stage_process
from actors.runtime.log import set_up_logging
from storage.settings import load_settings

assert stage_process

# Stages take whole cores for minutes. The worker that renews their lease, and the service and the
# database that may be on this machine, take milliseconds, for which somebody waits.
os.nice(10)
# Registered first, so it runs last: taking torch and its like apart takes seconds, for nobody.
atexit.register(os._exit, 0)
set_up_logging(as_json=load_settings().log_json)
