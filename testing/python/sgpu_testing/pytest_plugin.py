"""For pytest: the fixture `serve_app`, and what the platform printed in the report of a test that failed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import fal
import pytest
from fal.app import AppClient

from sgpu_testing.platform import Platform, platform
from sgpu_testing.serving import client, reference


class ServeApp(Protocol):
    def __call__(self, app: type[fal.App], *options: str, timeout: int | None = None) -> AppClient: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("sgpu_program", "another sgpu.mjs than that of the package", default=None)


@pytest.fixture(scope="session")
def serve_app(pytestconfig: pytest.Config) -> Iterator[ServeApp]:
    """Serves an app on a free port and gives back fal's client of it: `serve_app(Painter).paint({…})`.

    `serve_app(app, *options, timeout=None)`: `options` are those of `sgpu run`, such as `"--max-concurrency", "2"`;
    `timeout` is how long a call may take, in seconds. An app is started once for a session and the same options, and
    all end with the session. Raises PlatformDidNotStartError.
    """
    program = pytestconfig.getini("sgpu_program")
    platforms = pytestconfig.stash[_PLATFORMS]
    with ExitStack() as stack:

        def serve(app: type[fal.App], *options: str, timeout: int | None = None) -> AppClient:
            arguments = (reference(app), *options)
            if arguments not in platforms:
                started = platform(*arguments, program=Path(program) if program else None)
                platforms[arguments] = stack.enter_context(started)
            return client(app, platforms[arguments], timeout)

        yield serve
    platforms.clear()


#: The platforms of this session by what they were started with, and how much they had printed when a test began.
_PLATFORMS = pytest.StashKey[dict[tuple[str, ...], Platform]]()
_PRINTED_BEFORE = pytest.StashKey[dict[Platform, int]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_PLATFORMS] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    platforms = item.config.stash[_PLATFORMS].values()
    item.stash[_PRINTED_BEFORE] = {one: len(one.output) for one in platforms}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        before = item.stash.get(_PRINTED_BEFORE, {})
        for one in item.config.stash[_PLATFORMS].values():
            if printed := one.output[before.get(one, 0) :].strip():
                report.sections.append((f"Printed by the platform of {', '.join(one.app_ids)}", printed))
    return report
