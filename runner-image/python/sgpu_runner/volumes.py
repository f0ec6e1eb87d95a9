"""Gives each mount path of an app a directory where nothing is mounted: on a machine without containers."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def link_volumes() -> None:
    """Links the mount paths of `SGPU_VOLUMES` to their directories. What exists stays, links to nowhere do not."""
    for mount_path, directory in json.loads(os.environ.get("SGPU_VOLUMES") or "{}").items():
        _link(Path(mount_path), Path(directory))


def _link(mount_path: Path, directory: Path) -> None:
    if mount_path.exists():
        if mount_path.is_symlink() and mount_path.resolve() != directory.resolve():
            print(
                f"{mount_path} leads to {mount_path.resolve()}, not to {directory}: it is used as it is",
                file=sys.stderr,
            )
        return
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # Left by a platform whose state is gone.
        mount_path.unlink(missing_ok=True)
        mount_path.parent.mkdir(parents=True, exist_ok=True)
        mount_path.symlink_to(directory, target_is_directory=True)
    except OSError as error:
        if os.path.lexists(mount_path):
            # Another runner of the app was first.
            return
        print(
            f"The volume path {mount_path} can't be made here ({error.strerror}). To use it, run once as an "
            f"administrator: ln -s {directory} {mount_path}",
            file=sys.stderr,
        )
