"""Settings of an app class that the SDK drops or refuses: `volumes`, `env`, and some only it takes as attributes."""

from __future__ import annotations

from typing import Any

import fal

#: Class keywords that mean the attribute of that name: the SDK refuses them, or knows no such setting.
_ATTRIBUTES = (
    "app_auth",
    "env",
    "local_python_modules",
    "machine_type",
    "num_gpus",
    "regions",
    "requirements",
    "volumes",
)


def install() -> None:
    """From now on `class MyApp(fal.App, machine_type="GPU-A100", volumes={…})` sets the attributes of those names."""
    define = fal.App.__init_subclass__.__func__  # type: ignore[attr-defined]

    def init_subclass(cls: type[fal.App], /, **kwargs: Any) -> None:
        for name in _ATTRIBUTES:
            if name in kwargs:
                setattr(cls, name, kwargs.pop(name))
        if "app_name" in kwargs:
            kwargs["name"] = kwargs.pop("app_name")
        named = "app_name" in vars(cls)
        if not named and (kwargs.get("name") or getattr(cls, "_sgpu_name_derived", False)):
            # The SDK leaves the name it made up for the parent in the way of the child's own.
            cls.app_name = None
        cls._sgpu_name_derived = not named and not kwargs.get("name")  # type: ignore[attr-defined]
        define(cls, **kwargs)

    fal.App.__init_subclass__ = classmethod(init_subclass)  # type: ignore[assignment]
    fal.App.env = {}  # type: ignore[attr-defined]
    fal.App.volumes = {}  # type: ignore[attr-defined]
