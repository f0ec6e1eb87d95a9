"""Copies of large files on a machine's fast disk, shared by all runners of the machine.

A copy is named after what it was made of: the file's place on its volume, size, times of change and inode. It never
changes and appears whole or not at all, so a name that exists is right, and a file that has changed has another name.
Whoever uses a copy holds a shared lock on it; what nobody holds may be removed to make room, least recently used first.
The kernel drops the locks of a process that dies.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

#: Reads in parallel: a network file system gives one reader a fraction of what it gives several.
_READERS = 8
_CHUNK = 8 << 20

#: Part of the disk that is left to images and scratch files.
_RESERVE = 0.1

#: How huggingface_hub names a large file: by the SHA-256 of its content.
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Version:
    """What a file is at a moment."""

    size: int
    modified: int
    #: Changes with the content even where somebody set `modified` back.
    changed: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Version:
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


class MachineCache:
    def __init__(self, folder: Path, reserve: float = _RESERVE) -> None:
        self._copies = folder / "copies"
        self._incoming = folder / "incoming"
        self._locks = folder / "locks"
        self._reserve = reserve
        #: Descriptors that keep the copies in use from being removed.
        self._held: dict[str, int] = {}
        for directory in (self._copies, self._incoming, self._locks):
            directory.mkdir(parents=True, exist_ok=True)
            with suppress(PermissionError):
                # Apps may run as different users.
                directory.chmod(0o777)

    def copy_of(self, source: Path, place: str) -> Path | None:
        """The copy of a file, made now if need be, and kept while this process lives.

        `place` says where the file is, the same on every runner. None where there is no room, where the file changes
        while it is read, and where its content is not what its name says.
        """
        version = Version.of(source)
        name = hashlib.sha256(f"{place}\0{version}".encode()).hexdigest()
        if self._hold(name):
            return self._copies / name
        with self._making(name):
            if not self._hold(name):
                if not self._make_room(version.size) or not self._copy(source, version, name):
                    return None
                if not self._hold(name):
                    return None
        return self._copies / name

    def _hold(self, name: str) -> bool:
        if name in self._held:
            return True
        path = self._copies / name
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if os.fstat(descriptor).st_nlink == 0:
            # Removed between opening and locking.
            os.close(descriptor)
            return False
        with suppress(PermissionError):
            os.utime(path)
        self._held[name] = descriptor
        return True

    @contextmanager
    def _making(self, name: str) -> Iterator[None]:
        """One process of the machine makes a copy; the others wait for it."""
        descriptor = os.open(self._locks / name[:3], os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _make_room(self, size: int) -> bool:
        self._remove_unfinished()
        if self._has_room(size):
            return True
        for path in sorted(self._copies.iterdir(), key=_last_used):
            _remove_unused(path)
            if self._has_room(size):
                return True
        return False

    def _has_room(self, size: int) -> bool:
        disk = os.statvfs(self._copies)
        return disk.f_bavail * disk.f_frsize - size >= disk.f_blocks * disk.f_frsize * self._reserve

    def _remove_unfinished(self) -> None:
        """What a process was writing when it died."""
        for path in self._incoming.iterdir():
            _remove_unused(path)

    def _copy(self, source: Path, version: Version, name: str) -> bool:
        unfinished = self._incoming / f"{name}.{secrets.token_hex(8)}"
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _copy_content(source, descriptor, version.size)
            if Version.of(source) != version or not _is_what_its_name_says(source, descriptor):
                return False
            # A machine that crashes must not come back with a name before its bytes.
            os.fsync(descriptor)
            unfinished.rename(self._copies / name)
            return True
        except OSError:
            return False
        finally:
            with suppress(FileNotFoundError):
                unfinished.unlink()
            os.close(descriptor)


def _copy_content(source: Path, target: int, size: int) -> None:
    if size > 0:
        os.posix_fallocate(target, 0, size)
    origin = os.open(source, os.O_RDONLY)
    try:

        def copy(start: int) -> None:
            at, end = start, min(start + _CHUNK, size)
            while at < end:
                piece = os.pread(origin, end - at, at)
                if not piece:
                    raise OSError(f"{source} ended before its size")
                at += os.pwrite(target, piece, at)

        with ThreadPoolExecutor(_READERS) as readers:
            list(readers.map(copy, range(0, size, _CHUNK)))
    finally:
        os.close(origin)


def _is_what_its_name_says(source: Path, copy: int) -> bool:
    if _SHA256.fullmatch(source.name) is None:
        return True
    digest = hashlib.sha256()
    at = 0
    while piece := os.pread(copy, _CHUNK, at):
        digest.update(piece)
        at += len(piece)
    return digest.hexdigest() == source.name


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0


def _remove_unused(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    except OSError:
        # In use, removed by another runner, or another user's.
        pass
    finally:
        os.close(descriptor)
