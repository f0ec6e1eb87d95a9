"""The runner's command line."""

from __future__ import annotations

import argparse
import faulthandler
import os
from pathlib import Path

from sgpu_runner import paths, source, weight_cache
from sgpu_runner.control import ControlChannel
from sgpu_runner.failure import Failure
from sgpu_runner.output import Output
from sgpu_runner.volumes import link_volumes


def main(arguments: list[str]) -> int:
    """Serves an app until SIGTERM (status 0). An app that cannot be served is reported as `failed` (status 1)."""
    options = _parse(arguments)
    channel = ControlChannel.take_stdout()
    output = Output(channel)
    output.install()
    faulthandler.enable(file=2)
    try:
        _run(options, channel, output)
    except Failure as failure:
        channel.failed(failure.stage, failure.message, failure.details)
        return 1
    except Exception as error:
        unexpected = Failure.caused_by("serve", "The runner", error)
        channel.failed(unexpected.stage, unexpected.message, unexpected.details)
        return 1
    finally:
        output.finish_all()
        channel.close()
    return 0


def prepare_worker() -> None:
    """Adds to fal what a process started by the app needs to import the app's module."""
    from sgpu_runner import additions, class_settings

    additions.install()
    class_settings.install()


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="serve.py", description="Serves a fal app as one process.")
    parser.add_argument("--file", required=True, type=Path, help="the Python file of the app")
    parser.add_argument("--name", required=True, help="the fal.App class or fal.function in it")
    parser.add_argument(
        "--port",
        type=int,
        default=int(os.environ.get("PORT") or 0),
        help="0: a free one, reported when the app is ready; default: the variable PORT, else 0",
    )
    parser.add_argument("--host", default="127.0.0.1", help="the interface to listen on")
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace, channel: ControlChannel, output: Output) -> None:
    file = options.file.resolve()
    if not file.is_file():
        raise Failure("import", f"{options.file} does not exist")
    paths.arrange(file.parent)
    os.environ["IS_ISOLATE_AGENT"] = "1"
    link_volumes()
    weight_cache.install()
    _load_fal()

    from sgpu_runner.serving import serve_object

    serve_object(source.load(file, options.name), options.host, options.port, channel, output)


def _load_fal() -> None:
    """Imports fal with our additions. It may fail beside the user's own versions of what it builds on."""
    try:
        import fal  # noqa: F401
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "fal":
            message = "fal is not installed: SGPU_FAL_CLOSURE must name the directory that has it"
            raise Failure("environment", message) from error
        raise Failure.caused_by(
            "environment", "fal can't be imported beside the app's requirements: it", error
        ) from error

    from sgpu_runner import additions, class_settings, platform_access
    from sgpu_runner.platform_origin import PlatformOrigin

    additions.install()
    class_settings.install()
    platform_access.use_platform(PlatformOrigin.from_environment())
