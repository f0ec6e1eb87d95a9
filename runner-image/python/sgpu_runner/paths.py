"""Where modules come from: the app's directory first, the user's environment, fal's closure last."""

from __future__ import annotations

import os
import sys
from pathlib import Path

RUNNER_DIRECTORY = str(Path(__file__).resolve().parent.parent)


def arrange(app_directory: Path) -> None:
    """Also makes the app's directory the working directory."""
    closure = os.environ.get("SGPU_FAL_CLOSURE")
    sys.path[:] = [entry for entry in sys.path if entry not in ("", RUNNER_DIRECTORY)]
    sys.path.insert(0, str(app_directory))
    sys.path.append(RUNNER_DIRECTORY)
    if closure:
        os.environ["SGPU_FAL_CLOSURE"] = str(Path(closure).resolve())
        sys.path.append(os.environ["SGPU_FAL_CLOSURE"])
    os.chdir(app_directory)
