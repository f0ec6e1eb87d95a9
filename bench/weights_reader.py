"""Reads weights as one start of an app does, and prints the seconds that took: `weights_reader.py <volume> [<disk>]`.

With a disk it reads through the cache of `runner-image/python`. Nothing is in memory at the start.
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runner-image" / "python"))

from sgpu_runner.machine_cache import MachineCache
from sgpu_runner.weight_cache import WeightCache

BUFFER = bytearray(8 << 20)


def main(volume: Path, disk: Path | None) -> None:
    for folder in [volume, *([disk / "copies"] if disk is not None else [])]:
        for path in folder.rglob("*"):
            forget(path)
    files = sorted(volume.glob("*.safetensors"))
    started = time.monotonic()
    cache = None if disk is None else WeightCache(MachineCache(disk), {str(volume): "bench"}, "bench")
    size = sum(read(path if cache is None else cache.path_of(path)) for path in files)
    print(size, time.monotonic() - started)


def read(path: Path) -> int:
    size = 0
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(BUFFER):
            size += count
    return size


def forget(path: Path) -> None:
    """Drops a file from the page cache."""
    if path.is_file():
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
