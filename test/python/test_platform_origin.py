"""Which URLs lead to files of the platform, and may be fetched although they are private."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from sgpu_runner.platform_origin import PlatformOrigin

LOCAL = PlatformOrigin(cdn="http://127.0.0.1:8000/cdn")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/cdn/files/1/a.png",
        "https://127.0.0.1:8000/cdn/files/1/a.png",
        "http://localhost:8000/cdn/files/1/a.png",
        "http://[::1]:8000/cdn/files/1/a.png",
    ],
)
def test_one_machine_is_known_by_all_its_names_and_both_protocols(url: str) -> None:
    assert LOCAL.has_file(urlsplit(url))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8001/cdn/files/1/a.png",
        "http://127.0.0.1:8000/rest/admin/keys",
        "http://127.0.0.1:8000/cdn/../rest/admin/keys",
        "http://127.0.0.1:8000/cdn/%252e%252e/rest/admin/keys",
        "http://10.0.0.1:8000/cdn/files/1/a.png",
        "http://127.0.0.1.example.com:8000/cdn/files/1/a.png",
    ],
)
def test_nothing_else_on_private_addresses_is_a_file_of_the_platform(url: str) -> None:
    assert not LOCAL.has_file(urlsplit(url))


def test_a_platform_elsewhere_has_no_files_on_this_machine() -> None:
    platform = PlatformOrigin(cdn="https://gpu.example.com/cdn")
    assert platform.has_file(urlsplit("https://gpu.example.com/cdn/files/1/a.png"))
    assert not platform.has_file(urlsplit("http://localhost/cdn/files/1/a.png"))
