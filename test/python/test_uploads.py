"""Files that an app makes, fetches and hands on go through the platform."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from running import Runner
from storage import Storage

APP = """
import os
from pathlib import Path
import fal
from fal.toolkit import File, Image, download_file
from PIL import Image as PILImage


class App(fal.App):
    @fal.endpoint("/bytes")
    def from_bytes(self, repository: str) -> File:
        return File.from_bytes(b"content", "text/plain", "note.txt", repository=repository)

    @fal.endpoint("/large")
    def large(self, megabytes: int, repository: str) -> File:
        path = "large.bin"
        with open(path, "wb") as file:
            for number in range(megabytes):
                file.write(bytes([number % 251]) * 2**20)
        return File.from_path(path, repository=repository)

    @fal.endpoint("/image")
    def image(self) -> Image:
        return Image.from_pil(PILImage.new("RGB", (8, 4)), format="jpeg")

    @fal.endpoint("/upload-file")
    def upload_file(self) -> str:
        with open("result.txt", "w") as file:
            file.write("result")
        return fal.upload_file("result.txt")

    @fal.endpoint("/client-upload")
    def client_upload(self) -> list[str]:
        import fal_client

        with open("client.txt", "w") as file:
            file.write("from the client")
        return [fal_client.upload_file("client.txt"), fal_client.upload(b"bytes", "text/plain")]

    @fal.endpoint("/client-run")
    def client_run(self) -> dict:
        import fal_client

        return fal_client.run("other/app", arguments={"prompt": "x"})

    @fal.endpoint("/sdk-run")
    def sdk_run(self) -> dict:
        return fal.apps.run("other/app", arguments={"prompt": "x"}) if False else {"url": fal.apps._QUEUE_URL_FORMAT}

    @fal.endpoint("/download")
    def download(self, url: str) -> str:
        return download_file(url, os.path.abspath("downloads"), force=True).read_text()

    @fal.endpoint("/weights")
    def weights(self, url: str) -> list[str]:
        from fal.toolkit import download_model_weights
        from fal.toolkit.utils import download_utils

        download_utils.FAL_MODEL_WEIGHTS_DIR = Path("weights").resolve()
        first, second = download_model_weights(url), download_model_weights(url)
        assert first == second
        return [str(first.relative_to(download_utils.FAL_MODEL_WEIGHTS_DIR).parent), first.read_text()]

    @fal.endpoint("/repository")
    def repository(self, url: str, commit: str) -> list[str]:
        from fal.toolkit import clone_repository

        folder = Path("repositories").resolve()
        folder.mkdir(exist_ok=True)
        cloned = clone_repository(url, commit_hash=commit, target_dir=folder, include_to_path=True)
        import cloned_words

        return [cloned.name, cloned_words.GREETING]

    @fal.endpoint("/proxies")
    def proxies(self) -> str:
        return os.environ["no_proxy"]
"""


def test_a_file_is_uploaded_with_the_app_s_key_and_the_upload_itself_without(app: Runner, platform: Storage) -> None:
    file = app.post("/bytes", {"repository": "fal_v3"}).json()
    assert platform.content(file["url"]) == b"content"
    assert (file["content_type"], file["file_name"], file["file_size"]) == ("text/plain", "note.txt", 7)
    initiated = platform.headers_of("POST", "/rest/storage/upload/initiate?storage_type=fal-cdn-v3")
    assert initiated["authorization"] == "Key key-id:key-secret"
    put = platform.headers_of("PUT", f"/upload{file['url'].removeprefix(platform.origin)}")
    assert put["content-type"] == "text/plain"
    assert "authorization" not in put


def test_the_older_repository_is_the_platform_too(app: Runner, platform: Storage) -> None:
    file = app.post("/bytes", {"repository": "fal"}).json()
    assert platform.content(file["url"]) == b"content"
    assert platform.headers_of("POST", "/rest/storage/upload/initiate?storage_type=gcs")


def test_an_upload_says_which_request_it_belongs_to_and_how_long_it_lives(app: Runner, platform: Storage) -> None:
    preference = '{"expiration_duration_seconds": 60}'
    headers = {"x-fal-request-id": "r1", "x-fal-object-lifecycle-preference": preference}
    assert app.post("/image", headers=headers).status_code == 200
    initiated = next(sent for _, _, sent in reversed(platform.requests) if sent.get("x-fal-request-id") == "r1")
    assert initiated["x-fal-object-lifecycle"] == preference


def test_a_file_of_more_than_100_mb_goes_in_parts(app: Runner, platform: Storage) -> None:
    file = app.post("/large", {"megabytes": 103, "repository": "fal_v3"}).json()
    content = platform.content(file["url"])
    assert len(content) == file["file_size"] == 103 * 2**20
    assert all(content[number * 2**20] == number % 251 for number in range(103))
    assert platform.headers_of("POST", "/rest/storage/upload/initiate-multipart?storage_type=fal-cdn-v3")
    del platform.files[file["url"].removeprefix(platform.origin)]


def test_fal_upload_file_gives_the_url_of_a_local_file(app: Runner, platform: Storage) -> None:
    assert platform.content(app.post("/upload-file").json()) == b"result"


def test_fal_client_inside_an_app_uploads_to_the_platform(app: Runner, platform: Storage) -> None:
    path, data = app.post("/client-upload").json()
    assert platform.content(path) == b"from the client"
    assert platform.content(data) == b"bytes"


def test_fal_client_inside_an_app_calls_the_platform(app: Runner) -> None:
    answer = app.post("/client-run").json()
    assert answer == {"path": "/run/other/app", "body": '{"prompt":"x"}'}


def test_the_sdk_s_own_client_calls_the_platform(app: Runner, platform: Storage) -> None:
    assert app.post("/sdk-run").json() == {"url": f"{platform.origin}/queue/{{app_id}}"}


def test_a_file_of_the_platform_can_be_downloaded(app: Runner) -> None:
    url = app.post("/upload-file").json()
    assert app.post("/download", {"url": url}).json() == "result"


def test_weights_are_downloaded_once_and_kept_by_their_url(app: Runner, platform: Storage) -> None:
    url = app.post("/upload-file").json()
    assert app.post("/weights", {"url": url}).json() == [hashlib.sha256(url.encode()).hexdigest(), "result"]
    downloads = [path for verb, path, _ in platform.requests if verb == "GET" and path == urlsplit(url).path]
    assert len(downloads) == 1


def test_a_repository_is_cloned_at_its_commit_once_and_imported(app: Runner, tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]

    def commit(greeting: str) -> str:
        (tmp_path / "cloned_words.py").write_text(f"GREETING = '{greeting}'\n")
        for command in (["add", "."], ["commit", "--quiet", "--message", greeting]):
            subprocess.run([*git, *command], check=True)
        return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()

    subprocess.run([*git, "init", "--quiet"], check=True)
    first = commit("hello")
    commit("later")
    cloned = [f"{tmp_path.stem}-{first[:8]}", "hello"]
    assert app.post("/repository", {"url": tmp_path.as_uri(), "commit": first}).json() == cloned
    shutil.rmtree(tmp_path / ".git")
    assert app.post("/repository", {"url": tmp_path.as_uri(), "commit": first}).json() == cloned


def test_nothing_else_on_a_private_address_can_be_downloaded(app: Runner, platform: Storage) -> None:
    port = platform.origin.rsplit(":", 1)[1]
    for url in (
        f"{platform.origin}/rest/secret",
        f"{platform.origin}/cdn/../rest/secret",
        f"{platform.origin}/cdn/%2e%2e/rest/secret",
        f"{platform.origin}/cdnx/secret",
        f"http://user@127.0.0.1.nip.invalid:{port}/cdn/files/1/a",
        "http://169.254.169.254/latest/meta-data/",
    ):
        assert app.post("/download", {"url": url}).status_code == 500, url
    assert not [path for _, path, _ in platform.requests if "secret" in path]


def test_the_platform_is_reached_without_a_proxy(app: Runner) -> None:
    assert "127.0.0.1" in app.post("/proxies").json().split(",")
