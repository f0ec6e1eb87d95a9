"""Imports the user's file and finds what is to be served in it."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from sgpu_runner.failure import Failure


def load(file: Path, name: str) -> Any:
    """The class or function `name` of a file. Raises a Failure of stage `import`."""
    module = _import(file)
    try:
        return getattr(module, name)
    except AttributeError:
        raise Failure("import", f"{file.name} has no {name}. It defines: {_defined_names(module)}") from None


def _import(file: Path) -> ModuleType:
    """Imports exactly this file, also when its name is that of an installed module."""
    package, root = _package(file)
    if root not in sys.path:
        sys.path.insert(1, root)
    try:
        if package:
            importlib.import_module(package)
        name = f"{package}.{file.stem}" if package else file.stem
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise Failure("import", f"{file.name} is not a Python file: its name must end in .py")
        module = importlib.util.module_from_spec(spec)
        sys.modules.setdefault(name, module)
        spec.loader.exec_module(module)
        return module
    except (Exception, SystemExit) as error:
        if isinstance(error, Failure):
            raise
        raise Failure.caused_by("import", file.name, error) from error


def _package(file: Path) -> tuple[str, str]:
    """The package a file belongs to (empty: none) and the directory that package is imported from."""
    names: list[str] = []
    directory = file.parent
    while (directory / "__init__.py").is_file() and directory.parent != directory:
        names.insert(0, directory.name)
        directory = directory.parent
    return ".".join(names), str(directory)


def _defined_names(module: ModuleType) -> str:
    own = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or callable(value))
        and getattr(value, "__module__", None) == module.__name__
    ]
    return ", ".join(own) or "nothing"
