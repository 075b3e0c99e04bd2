"""What the fork server loads first: whatever it and its children say goes to the workers' log."""

from actors import stage_process
from actors.log import set_up_logging
from storage.settings import load_settings

assert stage_process
set_up_logging(as_json=load_settings().log_json)
