"""Weights are read from copies on the machine's disk: whole, current, shared, and never at the cost of the app."""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from running import SERVE

sys.path.insert(0, str(SERVE.parent))

from sgpu_runner import machine_cache, weight_cache
from sgpu_runner.machine_cache import MachineCache
from sgpu_runner.weight_cache import SMALLEST_CACHED, WeightCache

LARGE = os.urandom(SMALLEST_CACHED) + b"end"


class Machine:
    """A volume and a disk, in two folders."""

    def __init__(self, folder: Path) -> None:
        self.volume = folder / "volume"
        self.disk = folder / "disk"
        self.folder = folder
        self.volume.mkdir(exist_ok=True)

    def runner(self, app: str = "me/app") -> WeightCache:
        return WeightCache(MachineCache(self.disk, reserve=0), {str(self.volume): "fs-1"}, app)

    def write(self, name: str, content: bytes = LARGE) -> Path:
        path = self.volume / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    @property
    def copies(self) -> list[Path]:
        return sorted((self.disk / "copies").iterdir())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_file_is_read_from_a_copy_whose_path_ends_alike(machine: Machine) -> None:
    source = machine.write("models/a.safetensors")
    path = machine.runner().path_of(source)
    assert path.read_bytes() == LARGE
    assert path.resolve() in machine.copies
    assert str(path).endswith(str(source))


def test_the_runners_of_a_machine_share_one_copy(machine: Machine) -> None:
    source = machine.write("a.bin")
    first, second = machine.runner("me/one").path_of(source), machine.runner("me/two").path_of(source)
    assert first != second
    assert first.resolve() == second.resolve()
    assert len(machine.copies) == 1


def test_a_file_that_changed_is_never_read_from_its_old_copy(machine: Machine) -> None:
    source = machine.write("a.bin")
    runner = machine.runner()
    runner.path_of(source)
    changed, before = bytes(reversed(LARGE)), source.stat()
    source.write_bytes(changed)
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert runner.path_of(source).read_bytes() == changed
    assert machine.runner().path_of(source).read_bytes() == changed


def test_a_file_that_changes_while_it_is_copied_is_read_where_it_is(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = machine.write("a.bin")
    copy_content = machine_cache._copy_content

    def copy_and_change(source: Path, target: int, size: int) -> None:
        copy_content(source, target, size)
        os.utime(source, ns=(1, 1))

    monkeypatch.setattr(machine_cache, "_copy_content", copy_and_change)
    assert machine.runner().path_of(source) == source
    assert machine.copies == []
    assert list((machine.disk / "incoming").iterdir()) == []


def test_content_that_is_not_what_its_name_says_is_not_kept(machine: Machine) -> None:
    digest = hashlib.sha256(LARGE).hexdigest()
    right, wrong = machine.write(f"right/{digest}"), machine.write(f"wrong/{digest}", LARGE + b"more")
    runner = machine.runner()
    assert runner.path_of(right) != right
    assert runner.path_of(wrong) == wrong


def test_small_files_and_files_elsewhere_stay_where_they_are(machine: Machine) -> None:
    small = machine.write("config.json", b"{}")
    elsewhere = machine.folder / "elsewhere.bin"
    elsewhere.write_bytes(LARGE)
    (machine.volume / "link.bin").symlink_to(elsewhere)
    runner = machine.runner()
    for path in (small, elsewhere, machine.volume / "link.bin", machine.volume / "missing.bin"):
        assert runner.path_of(path) == path
    assert machine.copies == []


def test_a_folder_is_seen_whole(machine: Machine) -> None:
    blob = machine.write("hub/models--x/blobs/abc")
    config = machine.write("hub/models--x/blobs/def", b"{}")
    snapshot = machine.volume / "hub/models--x/snapshots/rev1"
    (snapshot / "unet").mkdir(parents=True)
    (snapshot / "unet/model.bin").symlink_to(os.path.relpath(blob, snapshot / "unet"))
    (snapshot / "config.json").symlink_to(os.path.relpath(config, snapshot))
    seen = machine.runner().path_of(snapshot)
    assert str(seen).endswith("models--x/snapshots/rev1")
    assert (seen / "unet/model.bin").read_bytes() == LARGE
    assert (seen / "unet/model.bin").resolve() in machine.copies
    assert (seen / "config.json").read_text() == "{}"


def test_files_beside_one_that_is_cached_are_found_beside_its_copy(machine: Machine) -> None:
    before = machine.write("model.onnx.json", b"before")
    runner = machine.runner()
    seen = runner.path_of(machine.write("model.onnx"))
    after = machine.write("tokenizer.json", b"after")
    assert runner.path_of(after) == after
    assert [(seen.parent / path.name).read_bytes() for path in (before, after)] == [b"before", b"after"]


def test_copies_in_use_stay_and_others_make_room_the_longest_unused_first(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = machine.runner()
    used = runner.path_of(machine.write("used.bin")).resolve()
    copies = machine.disk / "copies"
    for name, age in (("old", 300), ("older", 600), ("recent", 1)):
        (copies / name).write_bytes(b"x")
        os.utime(copies / name, (time.time() - age, time.time() - age))
    os.utime(used, (0, 0))
    monkeypatch.setattr(MachineCache, "_has_room", lambda _self, _size: len(list(copies.iterdir())) <= 2)
    new = machine.runner().path_of(machine.write("new.bin")).resolve()
    assert {path.name for path in machine.copies} == {used.name, "recent", new.name}


def test_without_room_the_file_is_read_where_it_is(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    source = machine.write("a.bin")
    monkeypatch.setattr(MachineCache, "_has_room", lambda _self, _size: False)
    assert machine.runner().path_of(source) == source


COPY = """
import sys
from pathlib import Path
from typing import Any
sys.path.insert(0, sys.argv[1])
from sgpu_runner.machine_cache import MachineCache
print(MachineCache(Path(sys.argv[2]), reserve=0).copy_of(Path(sys.argv[3]), "a"))
"""


def test_runners_that_want_a_file_at_once_make_one_copy(machine: Machine) -> None:
    source = machine.write("a.bin", os.urandom(32 << 20))
    command = [sys.executable, "-c", COPY, str(SERVE.parent), str(machine.disk), str(source)]
    runners = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    copies = {runner.communicate()[0].strip() for runner in runners}
    assert copies == {str(machine.copies[0])}
    assert machine.copies[0].read_bytes() == source.read_bytes()
    assert list((machine.disk / "incoming").iterdir()) == []


def test_what_a_dying_runner_left_behind_is_removed_and_what_is_being_written_is_not(machine: Machine) -> None:
    runner = machine.runner()
    incoming = machine.disk / "incoming"
    (incoming / "dead").write_bytes(b"half")
    (incoming / "alive").write_bytes(b"half")
    with (incoming / "alive").open("rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        runner.path_of(machine.write("a.bin"))
        assert [path.name for path in incoming.iterdir()] == ["alive"]


def test_the_next_start_copies_what_the_last_one_read(machine: Machine) -> None:
    sources = [machine.write(f"models/{number}.bin", LARGE + bytes([number])) for number in range(3)]
    first = machine.runner()
    for source in sources:
        first.path_of(source)
    first.note()
    other = Machine(machine.folder)
    other.disk = machine.folder / "another-disk"
    other.runner().fetch_noted()
    assert {path.read_bytes() for path in other.copies} == {source.read_bytes() for source in sources}


def test_notes_that_lead_out_of_the_volume_or_are_broken_are_ignored(machine: Machine) -> None:
    (machine.folder / "outside.bin").write_bytes(LARGE)
    runner = machine.runner()
    for text in (json.dumps(["../outside.bin", str(machine.folder / "outside.bin"), 7]), "{", "3"):
        machine.write(".sgpu/weights/me-app.json", text.encode())
        runner.fetch_noted()
    assert machine.copies == []


def test_functions_that_hand_out_paths_hand_out_those_of_copies(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = machine.write("model.bin")
    package = machine.folder / "packages" / "huggingface_hub"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from huggingface_hub.file_download import hf_hub_download\n")
    (package / "file_download.py").write_text(
        f"def hf_hub_download(name, local_dir=None):\n    return {str(machine.volume)!r} + '/' + name\n"
        "def try_to_load_from_cache(name):\n    return None\n"
    )
    machine.disk.mkdir()
    machine.disk.chmod(0o777)
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setenv("SGPU_WEIGHT_CACHE", str(machine.disk))
    monkeypatch.setenv("SGPU_CACHED_VOLUMES", json.dumps({str(machine.volume): "fs-1"}))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    for name in [name for name in sys.modules if name.startswith("huggingface_hub")]:
        monkeypatch.delitem(sys.modules, name)
    weight_cache.install()
    huggingface_hub: Any = importlib.import_module("huggingface_hub")
    assert Path(huggingface_hub.hf_hub_download("model.bin")).resolve() in machine.copies
    assert huggingface_hub.hf_hub_download("model.bin", local_dir="here") == str(source)
    assert huggingface_hub.file_download.try_to_load_from_cache("model.bin") is None


def test_nothing_is_cached_unless_the_environment_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SGPU_WEIGHT_CACHE", raising=False)
    assert weight_cache.install() is None


def test_a_folder_that_is_not_the_machines_is_not_filled(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SGPU_WEIGHT_CACHE", str(machine.disk))
    monkeypatch.setenv("SGPU_CACHED_VOLUMES", json.dumps({str(machine.volume): "fs-1"}))
    assert weight_cache.install() is None
    machine.disk.mkdir(mode=0o755)
    assert weight_cache.install() is None
    assert list(machine.disk.iterdir()) == []
