"""Model weights are read from the machine's fast disk instead of the volume they lie on.

EFS is slow for one reader and bills every gigabyte read, and the next runner on a machine reads the same files again.
Mounting a cache over a volume takes privileges that a container lacks, and replacing `open` would miss the libraries
that read weights in C or Rust. So the functions that hand out paths of weights, `huggingface_hub`'s and fal's
`download_model_weights`, hand out paths of copies (`machine_cache`). Downloads go to the volume as before. A path that
an app spells out itself (`torch.load("/data/…")`) is read from the volume.

`SGPU_WEIGHT_CACHE` names the folder on the machine's disk, `SGPU_CACHED_VOLUMES` is a JSON object, mount path to the
volume's name. Without either nothing is cached, nor in a folder that only its owner may write to: it is not the
machine's. What a start reads is noted on the volume, and the next start copies it ahead of time, several files at once.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import re
import secrets
import stat
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from sgpu_runner.machine_cache import MachineCache

#: Smaller files are read from the volume.
SMALLEST_CACHED = 4 << 20

#: Files copied at a time, each by several readers.
_FILES_AT_ONCE = 4

#: Where on a volume the files are noted that an app's start reads.
_NOTES = Path(".sgpu", "weights")
_MOST_NOTED = 1_000

#: A start reads many files in a row; they are noted together.
_NOTE_SECONDS = 2.0

#: Functions that return the path of weights, by module.
_PATH_FUNCTIONS = {
    "huggingface_hub.file_download": ("hf_hub_download", "try_to_load_from_cache"),
    "huggingface_hub._snapshot_download": ("snapshot_download",),
    "fal.toolkit.utils.download_utils": ("download_model_weights",),
}


def install() -> WeightCache | None:
    """Begins to cache as the environment says. Before fal and the app are imported."""
    folder = os.environ.get("SGPU_WEIGHT_CACHE")
    volumes = json.loads(os.environ.get("SGPU_CACHED_VOLUMES") or "{}")
    if not folder or not volumes or not _is_shared(Path(folder)):
        return None
    try:
        cache = WeightCache(MachineCache(Path(folder)), volumes, os.environ.get("FAL_APP_NAME", "app"))
    except OSError as error:
        print(f"Weights are read from their volumes: {folder} can't be used ({error.strerror})", file=sys.stderr)
        return None
    sys.meta_path.insert(0, _Wrapper(cache))
    threading.Thread(target=cache.fetch_noted, name="sgpu-weights", daemon=True).start()
    return cache


def _is_shared(folder: Path) -> bool:
    """True for a folder that the machine made for its runners; Docker makes up one where the machine has none."""
    return folder.is_dir() and bool(folder.stat().st_mode & stat.S_IWOTH)


class WeightCache:
    """Gives paths on the machine's disk for paths on volumes."""

    def __init__(self, machine: MachineCache, volumes: dict[str, str], app: str, view: Path | None = None) -> None:
        self._machine = machine
        self._volumes = {Path(os.path.realpath(mount)): name for mount, name in volumes.items()}
        self._app = re.sub(r"[^A-Za-z0-9_-]", "-", app)
        self._view = view or Path(tempfile.mkdtemp(prefix="sgpu-weights-"))
        self._used: dict[Path, dict[str, None]] = {mount: {} for mount in self._volumes}
        self._lock = threading.Lock()
        self._note: threading.Timer | None = None

    def path_of(self, path: Path) -> Path:
        """Where to read a file or a folder instead; the path itself where nothing of it is cached.

        The path that is given ends like the one asked for: libraries look for names and revisions in it.
        """
        mount = self._mount_of(path)
        if mount is None or not path.exists():
            return path
        if path.is_dir():
            return self._folder_view(path)
        linked = self._link(path)
        self._link_neighbours(path)
        return self._view_of(path) if linked else path

    def fetch_noted(self) -> None:
        """Copies what the last start read."""
        noted = [mount / name for mount in self._volumes for name in self._noted(mount)]
        with ThreadPoolExecutor(_FILES_AT_ONCE) as pool:
            list(pool.map(self._copy_of, noted))

    def note(self) -> None:
        """Writes down what was used, and keeps what earlier starts used and is still there."""
        for mount, used in self._used.items():
            with self._lock:
                names = list(used)
            earlier = [name for name in self._noted(mount) if name not in used]
            if names:
                _write_whole(self._notes_file(mount), json.dumps([*names, *earlier][:_MOST_NOTED]))

    def _mount_of(self, path: Path) -> Path | None:
        real = Path(os.path.realpath(path.parent)) / path.name
        return next((mount for mount in self._volumes if real.is_relative_to(mount)), None)

    def _folder_view(self, folder: Path) -> Path:
        files = [Path(parent, name) for parent, _, names in os.walk(folder, followlinks=True) for name in names]
        with ThreadPoolExecutor(_FILES_AT_ONCE) as pool:
            cached = list(pool.map(self._link, files))
        if not any(cached):
            return folder
        for file, is_cached in zip(files, cached, strict=True):
            if not is_cached:
                _relink(self._view_of(file), file)
        return self._view_of(folder)

    def _link_neighbours(self, path: Path) -> None:
        """A library may look for further files beside the one it was given."""
        folder = self._view_of(path).parent
        if not folder.is_dir():
            return
        for neighbour in path.parent.iterdir():
            if neighbour.is_file() and not os.path.lexists(folder / neighbour.name):
                _relink(folder / neighbour.name, neighbour)

    def _link(self, path: Path) -> bool:
        """True when the view has a link to a copy of the file."""
        copy = self._copy_of(path)
        if copy is None:
            return False
        _relink(self._view_of(path), copy)
        return True

    def _copy_of(self, path: Path) -> Path | None:
        """A file that can't be cached for whatever reason is read where it is."""
        try:
            # Links of huggingface_hub lead from a name to the content that several revisions share.
            real = path.resolve(strict=True)
            mount = next((mount for mount in self._volumes if real.is_relative_to(mount)), None)
            if mount is None or not real.is_file() or real.stat().st_size < SMALLEST_CACHED:
                return None
            name = str(real.relative_to(mount))
            copy = self._machine.copy_of(real, f"{self._volumes[mount]}/{name}")
        except OSError:
            return None
        if copy is not None:
            self._remember(mount, name)
        return copy

    def _view_of(self, path: Path) -> Path:
        return self._view / str(path.absolute()).lstrip("/")

    def _remember(self, mount: Path, name: str) -> None:
        with self._lock:
            if name in self._used[mount]:
                return
            self._used[mount][name] = None
            if self._note is None or not self._note.is_alive():
                self._note = threading.Timer(_NOTE_SECONDS, self.note)
                self._note.daemon = True
                self._note.start()

    def _noted(self, mount: Path) -> list[str]:
        try:
            names = json.loads(self._notes_file(mount).read_text("utf-8"))
            # Other apps write to the volume too: a name must not lead out of it.
            return [name for name in names if isinstance(name, str) and _inside(mount, name)]
        except (OSError, ValueError, TypeError):
            return []

    def _notes_file(self, mount: Path) -> Path:
        return mount / _NOTES / f"{self._app}.json"


def _inside(mount: Path, name: str) -> bool:
    path = mount / name
    return path.is_file() and Path(os.path.realpath(path)).is_relative_to(mount)


def _relink(link: Path, target: Path) -> None:
    """Makes or replaces a link in one step: another thread may be reading through it."""
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.readlink() == target:
        return
    fresh = link.with_name(f".{secrets.token_hex(8)}")
    fresh.symlink_to(target)
    fresh.replace(link)


def _write_whole(path: Path, text: str) -> None:
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{secrets.token_hex(8)}")
        fresh.write_text(text, "utf-8")
        fresh.replace(path)


class _Wrapper(importlib.abc.MetaPathFinder):
    """Wraps functions when the module that has them is imported, so that other modules import the wrapped ones."""

    def __init__(self, cache: WeightCache) -> None:
        self._cache = cache
        self._finding = threading.local()

    def find_spec(
        self,
        fullname: str,
        path: Iterable[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _PATH_FUNCTIONS or getattr(self._finding, "active", False):
            return None
        self._finding.active = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._finding.active = False
        if spec is not None and spec.loader is not None:
            spec.loader = _WrappingLoader(spec.loader, self._wrap)
        return spec

    def _wrap(self, module: ModuleType) -> None:
        for name in _PATH_FUNCTIONS[module.__name__]:
            function = getattr(module, name, None)
            if callable(function):
                setattr(module, name, self._wrapped(function))

    def _wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            result = function(*args, **options)
            # A folder that the caller chose is the caller's to write to.
            if not isinstance(result, (str, Path)) or options.get("local_dir") is not None:
                return result
            return type(result)(self._cache.path_of(Path(result)))

        return call


class _WrappingLoader(importlib.abc.Loader):
    def __init__(self, loader: Any, wrap: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._wrap = wrap

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._wrap(module)

    def __getattr__(self, name: str) -> Any:
        """Sources for tracebacks and whatever else a loader has."""
        return getattr(self._loader, name)
