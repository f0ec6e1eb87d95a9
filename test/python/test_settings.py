"""Settings of an app's class."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Serve
from running import Runner, serving, write_app

APP = """
import fal

class App(fal.App):
    @fal.endpoint("/")
    def describe(self, classes: str) -> dict:
        names = {"fal": fal}
        exec(classes, names)
        cls = names["App"]
        volumes = {path: volume.name for path, volume in cls.volumes.items()}
        return {"name": cls.app_name, "machine_type": cls.machine_type, "num_gpus": cls.num_gpus, "volumes": volumes,
                "requirements": cls.requirements, "auth": cls.app_auth, "env": cls.env,
                "keep_alive": cls.host_kwargs["keep_alive"]}
"""

DEFAULTS: dict[str, object] = {
    "name": "app",
    "machine_type": "S",
    "num_gpus": None,
    "volumes": {},
    "requirements": [],
    "auth": None,
    "env": {},
    "keep_alive": 60,
}

ENDPOINT = """
    @fal.endpoint("/")
    def run(self): ...
"""


def described(app: Runner, classes: str) -> object:
    """The settings of the class `App` that the text makes beside the app that is served."""
    return app.post("/", {"classes": classes + ENDPOINT}).json()


def test_defaults_are_fal_s(app: Runner) -> None:
    assert described(app, "class App(fal.App):") == DEFAULTS


def test_settings_may_be_class_keywords(app: Runner) -> None:
    keywords = (
        "machine_type='GPU-A100', num_gpus=2, requirements=['x'], volumes={'/data': fal.Volume('weights')}, "
        "env={'MODE': 'fast'}, app_auth='public', app_name='named', keep_alive=5"
    )
    assert described(app, f"class App(fal.App, {keywords}):") == {
        "name": "named",
        "machine_type": "GPU-A100",
        "num_gpus": 2,
        "volumes": {"/data": "weights"},
        "requirements": ["x"],
        "auth": "public",
        "env": {"MODE": "fast"},
        "keep_alive": 5,
    }


def test_settings_may_be_attributes(app: Runner) -> None:
    source = "class App(fal.App):\n    env = {'MODE': 'f'}\n    volumes = {'/w': fal.Volume('w')}\n    app_name = 'n'"
    assert described(app, source) == {**DEFAULTS, "name": "n", "env": {"MODE": "f"}, "volumes": {"/w": "w"}}


def test_settings_are_inherited(app: Runner) -> None:
    source = "class Base(fal.App, env={'MODE': 'fast'}):\n    machine_type = 'L'\n\nclass App(Base):"
    assert described(app, source) == {**DEFAULTS, "env": {"MODE": "fast"}, "machine_type": "L"}


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
def test_a_class_has_its_own_name_unless_it_inherits_one_that_was_given(app: Runner, classes: str, name: str) -> None:
    assert described(app, classes) == {**DEFAULTS, "name": name}


def test_variables_of_the_class_are_the_app_s_unless_the_environment_has_them(serve: Serve) -> None:
    variables = "class App(fal.App, env={'MODE': 'fast', 'SIZE': 'large'}):"
    answer = "    @fal.endpoint('/')\n    def run(self) -> list: return [os.environ['MODE'], os.environ['SIZE']]"
    runner = serve(f"import os\nimport fal\n{variables}\n{answer}\n", MODE="slow")
    assert runner.post("/").json() == ["slow", "large"]


@pytest.fixture(scope="module")
def mounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Runner]]:
    """A folder with mount paths of all kinds, and the runner of an app whose volumes are `volumes/NAME` there."""
    folder = tmp_path_factory.mktemp("mounts")
    (folder / "here").mkdir()
    (folder / "file").touch()
    (folder / "other").mkdir()
    (folder / "foreign").symlink_to(folder / "other")
    (folder / "dangling").symlink_to(folder / "gone")
    paths = {name: folder / name for name in ("here", "foreign", "dangling")}
    paths |= {"new": folder / "deep" / "new", "impossible": folder / "file" / "data"}
    app = write_app(folder, MOUNTED)
    volumes = json.dumps({str(path): str(folder / "volumes" / name) for name, path in paths.items()})
    with serving(app, "App", {"SGPU_VOLUMES": volumes, "MOUNT": str(paths["new"])}) as runner:
        assert runner.post("/").status_code == 200
        yield folder, runner


MOUNTED = """
import os
import fal
from pathlib import Path

class App(fal.App):
    def setup(self):
        Path(os.environ["MOUNT"], "file").write_text("kept")

    @fal.endpoint("/")
    def run(self): ...
"""

Mounts = tuple[Path, Runner]


def test_a_mount_path_without_a_mount_is_linked_to_the_volume_s_directory(mounts: Mounts) -> None:
    assert (mounts[0] / "volumes" / "new" / "file").read_text() == "kept"


def test_a_mount_path_that_exists_stays_as_it_is(mounts: Mounts) -> None:
    assert not (mounts[0] / "here").is_symlink()


def test_a_mount_path_that_leads_nowhere_is_linked_again(mounts: Mounts) -> None:
    assert (mounts[0] / "dangling").resolve() == mounts[0] / "volumes" / "dangling"


def test_a_mount_path_that_leads_elsewhere_is_used_and_said(mounts: Mounts) -> None:
    folder, runner = mounts
    said = runner.until_log("it is used as it is")["message"]
    assert said.startswith(f"{folder / 'foreign'} leads to {folder / 'other'}, not to {folder / 'volumes' / 'foreign'}")


def test_a_mount_path_that_cannot_be_made_is_said(mounts: Mounts) -> None:
    folder, runner = mounts
    assert (
        f"The volume path {folder / 'file' / 'data'} can't be made here" in runner.until_log("can't be made")["message"]
    )
