from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

# As in a runner: fal and what it builds on come last.
if closure := os.environ.get("SGPU_FAL_CLOSURE"):
    sys.path.append(closure)

from running import Runner, serving, write_app
from storage import Storage, storage

Serve = Callable[..., Runner]


@pytest.fixture(scope="session")
def platform() -> Iterator[Storage]:
    """The platform's storage, as a runner sees it."""
    with storage() as kept:
        yield kept


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts runners: `serve(source, name, **environment)`. They end with the test."""
    with ExitStack() as stack:

        def start(source: str, name: str = "App", file: str = "app.py", **environment: str) -> Runner:
            return stack.enter_context(serving(write_app(tmp_path, source, file), name, environment))

        yield start


@pytest.fixture(scope="module")
def app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, platform: Storage
) -> Iterator[Runner]:
    """The app that a test file defines as `APP`, served once for all its tests."""
    file = write_app(tmp_path_factory.mktemp("app"), request.module.APP)
    with serving(file, "App", platform.environment) as runner:
        yield runner
