"""An app on a platform of its own, and fal's client of it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fal
from fal.app import AppClient

from sgpu_testing.platform import Platform, platform


@contextmanager
def serving(
    app: type[fal.App], *options: str, program: Path | None = None, timeout: int | None = None
) -> Iterator[AppClient]:
    """Serves an app on a free port of this machine while the block runs.

    `options` are those of `sgpu run`, such as `"--max-concurrency", "2"`. `program` is another `sgpu.mjs` than that of
    this package. `timeout` is how long a call may take, in seconds; without it, a call may take as long as it takes.
    Raises PlatformDidNotStartError.
    """
    with platform(reference(app), *options, program=program) as serves:
        yield client(app, serves, timeout)


def reference(app: type[fal.App]) -> str:
    """How `sgpu run` is told of an app."""
    return f"{Path(inspect.getfile(app)).resolve()}::{app.__name__}"


def client(app: type[fal.App], serves: Platform, timeout: int | None = None) -> AppClient:
    return AppClient(app, f"{serves.url}/run/{serves.app_ids[0]}", timeout)
