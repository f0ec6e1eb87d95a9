"""Settings of an app's class."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Serve

DESCRIBE = """
    @fal.endpoint("/")
    def describe(self) -> dict:
        cls = type(self)
        volumes = {path: volume.name for path, volume in cls.volumes.items()}
        return {"name": cls.app_name, "machine_type": cls.machine_type, "num_gpus": cls.num_gpus, "volumes": volumes,
                "requirements": cls.requirements, "auth": cls.app_auth, "mode": os.environ.get("MODE"),
                "keep_alive": cls.host_kwargs["keep_alive"]}
"""

DEFAULTS: dict[str, object] = {
    "name": "app",
    "machine_type": "S",
    "num_gpus": None,
    "volumes": {},
    "requirements": [],
    "auth": None,
    "mode": None,
    "keep_alive": 60,
}


def described(serve: Serve, classes: str, **environment: str) -> object:
    return serve(f"import os\nimport fal\n\n{classes}\n{DESCRIBE}", **environment).post("/").json()


def test_defaults_are_fal_s(serve: Serve) -> None:
    assert described(serve, "class App(fal.App):") == DEFAULTS


def test_settings_may_be_class_keywords(serve: Serve) -> None:
    keywords = (
        "machine_type='GPU-A100', num_gpus=2, requirements=['x'], volumes={'/data': fal.Volume('weights')}, "
        "env={'MODE': 'fast'}, app_auth='public', app_name='named', keep_alive=5"
    )
    assert described(serve, f"class App(fal.App, {keywords}):") == {
        "name": "named",
        "machine_type": "GPU-A100",
        "num_gpus": 2,
        "volumes": {"/data": "weights"},
        "requirements": ["x"],
        "auth": "public",
        "mode": "fast",
        "keep_alive": 5,
    }


def test_settings_may_be_attributes(serve: Serve) -> None:
    source = (
        "class App(fal.App):\n    env = {'MODE': 'fast'}\n    volumes = {'/w': fal.Volume('w')}\n    app_name = 'n'"
    )
    assert described(serve, source) == {**DEFAULTS, "name": "n", "mode": "fast", "volumes": {"/w": "w"}}


def test_settings_are_inherited(serve: Serve) -> None:
    source = "class Base(fal.App, env={'MODE': 'fast'}):\n    machine_type = 'L'\n\nclass App(Base):"
    assert described(serve, source) == {**DEFAULTS, "mode": "fast", "machine_type": "L"}


def test_the_environment_s_own_value_wins_over_the_class(serve: Serve) -> None:
    source = "class App(fal.App, env={'MODE': 'fast'}):"
    assert described(serve, source, MODE="slow") == {**DEFAULTS, "mode": "slow"}


@pytest.mark.parametrize(
    ("classes", "name"),
    [
        ("class Base(fal.App): ...\nclass App(Base):", "app"),
        ("class Base(fal.App, name='base'): ...\nclass App(Base, name='own'):", "own"),
        ("class Base(fal.App):\n    app_name = 'base'\nclass App(Base):", "base"),
        ("class Base(fal.App):\n    app_name = 'base'\nclass App(Base, name='own'):", "own"),
        ("class App(fal.App, name='keyword'):\n    app_name = 'attribute'", "attribute"),
    ],
)
def test_a_class_has_its_own_name_unless_it_inherits_one_that_was_given(serve: Serve, classes: str, name: str) -> None:
    assert described(serve, classes) == {**DEFAULTS, "name": name}


def test_a_mount_path_without_a_mount_is_linked_to_the_volume_s_directory(serve: Serve, tmp_path: Path) -> None:
    mount, volume = tmp_path / "mounts" / "data", tmp_path / "volumes" / "weights"
    source = f'''
import fal
from pathlib import Path

class App(fal.App):
    volumes = {{"{mount}": fal.Volume("weights")}}

    def setup(self):
        Path("{mount}/file").write_text("kept")

    @fal.endpoint("/")
    def run(self): ...
'''
    assert serve(source, SGPU_VOLUMES=json.dumps({str(mount): str(volume)})).post("/").status_code == 200
    assert (volume / "file").read_text() == "kept"


def test_a_mount_path_that_exists_stays_as_it_is(serve: Serve, tmp_path: Path) -> None:
    mount = tmp_path / "data"
    mount.mkdir()
    source = "import fal\nclass App(fal.App):\n    @fal.endpoint('/')\n    def run(self): ...\n"
    runner = serve(source, SGPU_VOLUMES=json.dumps({str(mount): str(tmp_path / "volume")}))
    assert runner.post("/").status_code == 200
    assert not mount.is_symlink()


def test_a_mount_path_that_cannot_be_made_is_said(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    mount = tmp_path / "file" / "data"
    source = "import fal\nclass App(fal.App):\n    @fal.endpoint('/')\n    def run(self): ...\n"
    runner = serve(source, SGPU_VOLUMES=json.dumps({str(mount): str(tmp_path / "volume")}))
    assert runner.post("/").status_code == 200
    assert f"The volume path {mount} can't be made here" in runner.until_log("can't be made")["message"]
