"""A library that says in a folder that its import has begun; it ends once `go on` is there."""

from __future__ import annotations

import os
import time
from pathlib import Path

_folder = Path(os.environ["SLOW_IMPORT_FOLDER"])
(_folder / "begun").touch()
while not (_folder / "go on").exists():
    time.sleep(0.02)
