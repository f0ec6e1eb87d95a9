"""Names that apps written for fal use and the SDK does not have."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import fal
import fastapi


@dataclass(frozen=True)
class Volume:
    """A named directory that outlives runners, for the class attribute `volumes = {"/data": fal.Volume("weights")}`."""

    name: str


def upload_file(path: str | os.PathLike[str]) -> str:
    """Uploads a local file to the platform's storage and returns its URL."""
    from fal.toolkit import File

    return str(File.from_path(Path(path)).url)


def install() -> None:
    """Adds what is missing; what a later SDK brings itself stays."""
    for name, value in {"Volume": Volume, "HTTPException": fastapi.HTTPException, "upload_file": upload_file}.items():
        if not hasattr(fal, name):
            setattr(fal, name, value)
