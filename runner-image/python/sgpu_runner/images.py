"""Turns PIL images in an endpoint's result into uploaded images: `{"url": …, "content_type": …, "width": …}`."""

from __future__ import annotations

import inspect
import sys
from typing import Any

_SCALARS = frozenset({str, int, float, bool, bytes, type(None)})


def has_images(result: Any) -> bool:
    """True when a PIL image is the result or stands anywhere in its dicts and sequences."""
    image_type = _image_type()
    return image_type is not None and _contains(result, image_type)


def upload_images(result: Any) -> Any:
    """The result with every image uploaded. Blocks."""
    image_type = _image_type()
    return result if image_type is None else _replaced(result, image_type)


def is_image_type(annotation: Any) -> bool:
    image_type = _image_type()
    return image_type is not None and inspect.isclass(annotation) and issubclass(annotation, image_type)


def _image_type() -> type | None:
    """PIL's image class, if the app has loaded PIL: otherwise it has no images."""
    module = sys.modules.get("PIL.Image")
    return None if module is None else module.Image


def _contains(value: Any, image_type: type) -> bool:
    kind = type(value)
    if kind in _SCALARS:
        return False
    if kind is dict:
        return any(type(item) not in _SCALARS and _contains(item, image_type) for item in value.values())
    if kind is list or kind is tuple:
        return any(type(item) not in _SCALARS and _contains(item, image_type) for item in value)
    return isinstance(value, image_type)


def _replaced(value: Any, image_type: type) -> Any:
    if isinstance(value, image_type):
        return _uploaded(value)
    if type(value) is dict:
        return {key: _replaced(item, image_type) for key, item in value.items()}
    if type(value) is list or type(value) is tuple:
        return [_replaced(item, image_type) for item in value]
    return value


def _uploaded(image: Any) -> dict[str, Any]:
    from fal.toolkit import Image

    return Image.from_pil(image).model_dump()
