"""The users' own samples, unchanged, served and called as their authors would.

Where a sample is a fragment, the names it leaves to its reader stand before or after it: imports, a loader, an
endpoint.
"""

from __future__ import annotations

import io
import json
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image
from running import Runner, serving, write_app
from samples import STAND_INS, block_with, document, passage, restored, served_blocks, without_white_space
from storage import Storage

ServeSample = Callable[..., Runner]

#: Gives an app without endpoints one, to see that its setup has run.
INSPECT = """

@fal.endpoint("/")
def inspect_app(self) -> dict:
    app = type(self)
    settings = {name: getattr(app, name) for name in ("machine_type", "num_gpus", "min_concurrency", "max_concurrency")}
    return {**settings, "keep_alive": app.host_kwargs["keep_alive"], "ready": RESULT}

"""


def inspected(name: str, ready: str = "None") -> str:
    return INSPECT.replace("RESULT", ready) + f"{name}.inspect_app = inspect_app\n"


@pytest.fixture
def sample(tmp_path: Path, platform: Storage) -> Iterator[ServeSample]:
    """Serves a sample: `sample(text, name, before=…, after=…, **environment)`."""
    with ExitStack() as stack:

        def start(text: str, name: str, before: str = "", after: str = "", **environment: str) -> Runner:
            file = write_app(tmp_path, f"{before}{text}{after}")
            libraries = os.pathsep.join([str(STAND_INS), str(tmp_path)])
            return stack.enter_context(
                serving(file, name, {"PYTHONPATH": libraries, **platform.environment, **environment})
            )

        yield start


def picture(platform: Storage, url: str) -> Image.Image:
    return Image.open(io.BytesIO(platform.content(url)))


class TestServerlessGuide:
    """Document 000."""

    def test_every_sample_is_here(self) -> None:
        assert len(served_blocks("000")) == 10

    def test_basic_app(self, sample: ServeSample) -> None:
        app = sample(block_with("000", "class MyApp", "def teardown"), "MyApp")
        answer = app.post("/predict", {"prompt": "Hello world", "max_tokens": 100})
        assert answer.json() == {"text": "HELLO WORLD", "tokens": 3}
        healthy = {"status": "healthy", "device": "cuda"}
        assert app.get("/health").json() == healthy
        assert app.post("/health").json() == healthy
        assert app.post("/predict", {}).status_code == 422
        assert app.terminate() == 0
        assert app.logs()[-1] == "torch.cuda.empty_cache()"

    def test_multi_gpu(self, sample: ServeSample) -> None:
        ready = "self.model.options"
        app = sample(
            block_with("000", "class MultiGPUApp"), "MultiGPUApp", "import fal\n", inspected("MultiGPUApp", ready)
        )
        answer = app.post("/").json()
        assert (answer["machine_type"], answer["num_gpus"]) == ("GPU-H100", 4)
        assert answer["ready"] == {"torch_dtype": "float16", "device_map": "auto"}

    def test_storage(self, sample: ServeSample, tmp_path: Path) -> None:
        # Not this machine's /data: what the sample makes there is made in the test's folder.
        before = f'''
import os
from pathlib import Path
import fal

os.makedirs = lambda path, exist_ok: Path("{tmp_path}" + path).mkdir(parents=True, exist_ok=exist_ok)
'''
        app = sample(block_with("000", "class AppWithStorage"), "AppWithStorage", before)
        assert app.post("/generate", {"prompt": "a cat"}).json() == {"path": "/outputs/result.png"}
        assert (tmp_path / "data" / "models").is_dir()

    def test_secrets(self, sample: ServeSample) -> None:
        before = "import fal\n\ndef load_gated_model():\n    return 'gated'\n\n"
        text = block_with("000", "class SecureApp")
        app = sample(text, "SecureApp", before, inspected("SecureApp", "self.model"), HF_TOKEN="hf_xxx")
        assert app.post("/").json()["ready"] == "gated"
        assert "logged in with hf_xxx" in app.logs()

    def test_a_missing_secret_is_named(self, sample: ServeSample) -> None:
        app = sample(block_with("000", "class SecureApp"), "SecureApp", "import fal\n", inspected("SecureApp"))
        assert app.failure()["message"] == "setup() raised KeyError: 'HF_TOKEN'"

    def test_image_generation(self, sample: ServeSample, platform: Storage) -> None:
        app = sample(block_with("000", "class ImageGenerator"), "ImageGenerator")
        # The sample writes to a fixed path with the seed in it; another copy of this test must not share it.
        seed = uuid.uuid4().int % 2**32
        answer = app.post("/generate", {"prompt": "a cat", "width": 64, "height": 32, "seed": seed}).json()
        assert answer["seed"] == seed
        assert picture(platform, answer["image_url"]).size == (64, 32)
        chosen = app.post("/generate", {"prompt": "a cat", "width": 8, "height": 8}).json()["seed"]
        for used in (seed, chosen):
            Path(f"/tmp/output_{used}.png").unlink()

    def test_streaming(self, sample: ServeSample) -> None:
        app = sample(block_with("000", "class StreamingApp"), "StreamingApp")
        answer = app.post("/stream", {"prompt": "once upon a time"})
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n")[:-1]]
        assert events == ["ONCE", "UPON", "A", "TIME"]

    def test_background_tasks(self, sample: ServeSample) -> None:
        app = sample(block_with("000", "class BackgroundApp"), "BackgroundApp")
        answer = app.post("/process", {"data": "x"}).json()
        assert answer["status"] == "processing"
        assert len(answer["task_id"]) == 36

    def test_multiple_endpoints(self, sample: ServeSample) -> None:
        after = """
MultiModalApp.load_text_model = lambda self: lambda text: f"text {text}"
MultiModalApp.load_vision_model = lambda self: lambda url: f"image {url}"
"""
        app = sample(block_with("000", "class MultiModalApp"), "MultiModalApp", after=after)
        assert app.post("/analyze-text", {"text": "hi"}).json() == {"analysis": "text hi"}
        assert app.post("/analyze-image", {"image_url": "u"}).json() == {"analysis": "image u"}
        assert app.post("/").json()["endpoints"] == ["/analyze-text", "/analyze-image"]
        assert app.get("/health").json() == {"status": "healthy"}

    def test_scaling(self, sample: ServeSample) -> None:
        app = sample(block_with("000", "class ScaledApp"), "ScaledApp", "import fal\n", inspected("ScaledApp"))
        answer = app.post("/").json()
        assert (answer["min_concurrency"], answer["max_concurrency"], answer["keep_alive"]) == (0, 10, 300)

    @pytest.mark.parametrize(
        ("error", "status", "detail"),
        [
            ("ValueError('bad')", 400, "Invalid input: bad"),
            ("RuntimeError('broken')", 500, "Processing failed: broken"),
            ("KeyError('odd')", 500, "Internal error"),
        ],
    )
    def test_error_handling(self, sample: ServeSample, error: str, status: int, detail: str) -> None:
        after = f"""
def process(self, request):
    if request["prompt"] == "fail":
        raise {error}
    return request["prompt"]

MyApp.process = process
"""
        app = sample(block_with("000", "class MyApp", "fal.HTTPException"), "MyApp", after=after)
        assert app.post("/predict", {"prompt": "test"}).json() == {"result": "test"}
        answer = app.post("/predict", {"prompt": "fail"})
        assert (answer.status_code, answer.json()) == (status, {"detail": detail})


class TestScalingGuide:
    """Document 001."""

    def test_every_sample_is_here(self) -> None:
        assert len(served_blocks("001")) == 9

    def test_text_to_image(self, sample: ServeSample) -> None:
        after = """
def save_image(self, image):
    return f"https://images.example/{image.width}x{image.height}.png"

TextToImage.save_image = save_image
"""
        app = sample(block_with("001", "class TextToImage"), "TextToImage", after=after)
        expected = {"image_url": "https://images.example/16x16.png"}
        assert app.post("/generate", {"prompt": "a cat", "steps": 4}).json() == expected
        assert app.client.post(app.url + "/generate?prompt=a%20cat").json() == expected
        app.until_log("4 steps for 'a cat'")
        app.until_log("30 steps for 'a cat'")

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("MyModel", {"keep_alive": 300}),
            ("HighThroughput", {"machine_type": "GPU-H100", "min_concurrency": 2, "max_concurrency": 10}),
            ("LargeModel", {"machine_type": "GPU-H100", "num_gpus": 4}),
        ],
    )
    def test_settings(self, sample: ServeSample, name: str, expected: dict[str, object]) -> None:
        app = sample(block_with("001", f"class {name}"), name, "import fal\n", inspected(name))
        answer = app.post("/").json()
        assert {key: answer[key] for key in expected} == expected

    def test_volumes(self, sample: ServeSample) -> None:
        before = "import fal\n\ndef load_model(path):\n    return f'model of {path}'\n\n"
        after = inspected("ModelWithStorage", "[self.model, {p: v.name for p, v in self.volumes.items()}]")
        app = sample(block_with("001", "class ModelWithStorage"), "ModelWithStorage", before, after)
        expected = ["model of /models/my-model", {"/models": "model-cache", "/data": "user-data"}]
        assert app.post("/").json()["ready"] == expected

    def test_environment_and_secrets(self, sample: ServeSample) -> None:
        before = "import os\nimport fal\n"
        after = inspected("SecureModel", "[os.environ['MODEL_VERSION'], os.environ['DEBUG'], self.secrets]")
        text = block_with("001", "class SecureModel")
        app = sample(text, "SecureModel", before, after, HF_TOKEN="hf", API_KEY="key")
        assert app.post("/").json()["ready"] == ["v2.0", "false", ["HF_TOKEN", "API_KEY"]]

    def test_health_check(self, sample: ServeSample) -> None:
        app = sample(block_with("001", "class ProductionModel"), "ProductionModel", "import fal\nimport torch\n")
        expected = {"status": "healthy", "gpu_available": True, "model_loaded": False}
        assert app.get("/health").json() == app.post("/health").json() == expected

    def test_batches(self, sample: ServeSample) -> None:
        after = "\nBatchProcessor.process_single = lambda self, item: {'item': item.upper()}\n"
        app = sample(block_with("001", "class BatchProcessor"), "BatchProcessor", "import fal\n", after)
        expected = [{"item": "A"}, {"item": "B"}]
        assert app.post("/batch", {"items": ["a", "b"]}).json() == expected
        assert app.post("/batch", ["a", "b"]).json() == expected

    def test_error_handling(self, sample: ServeSample) -> None:
        after = """
def _generate(self, prompt):
    if prompt == "large":
        raise torch.cuda.OutOfMemoryError
    if prompt == "odd":
        raise ValueError("odd prompt")
    return prompt

RobustModel._generate = _generate
"""
        app = sample(block_with("001", "class RobustModel"), "RobustModel", "import fal\nimport torch\n", after)
        assert app.post("/generate", {"prompt": "a"}).json() == {"success": True, "result": "a"}
        out_of_memory = {"success": False, "error": "GPU OOM - reduce input size"}
        assert app.post("/generate", {"prompt": "large"}).json() == out_of_memory
        assert app.post("/generate", {"prompt": "odd"}).json() == {"success": False, "error": "odd prompt"}


class TestPrivateServerlessModels:
    """Document 002, whose samples lost their line breaks."""

    def test_the_restored_sample_is_the_document_s_but_for_white_space(self) -> None:
        text = document("002")
        start, last = text.index("import falfrom"), "return Output(image=image)"
        flattened = text[start : text.index(last) + len(last)]
        assert without_white_space(restored("private-serverless-models.py")) == without_white_space(flattened)

    def test_flux(self, sample: ServeSample, platform: Storage) -> None:
        app = sample(restored("private-serverless-models.py"), "MyApp")
        image = app.post("/", {"prompt": "A beautiful image of a cat"}).json()["image"]
        assert picture(platform, image["url"]).size == (image["width"], image["height"])
        assert "4 steps for 'A beautiful image of a cat'" in app.logs()

    @pytest.mark.parametrize(
        ("definition", "expected"),
        [
            ("class MyApp(fal.App, keep_alive=300): ...", {"keep_alive": 300}),
            ("class MyApp(fal.App, keep_alive=300, min_concurrency=1, max_concurrency=5): ...", {"keep_alive": 300}),
        ],
    )
    def test_settings(self, sample: ServeSample, definition: str, expected: dict[str, int]) -> None:
        text = passage("002", definition, definition)
        answer = sample(text, "MyApp", "import fal\n", inspected("MyApp")).post("/").json()
        assert {key: answer[key] for key in expected} == expected


class TestServerlessOverview:
    """Document 003, whose samples stand without fences."""

    def test_an_existing_server(self, sample: ServeSample, tmp_path: Path) -> None:
        # The sample's port is fixed, so its uvicorn is one that only says how it was called.
        write_app(
            tmp_path, f"#!{sys.executable}\nimport sys\nprint('uvicorn', *sys.argv[1:])\nsys.exit(9)\n", "uvicorn"
        )
        (tmp_path / "uvicorn").chmod(0o755)
        text = passage("003", "import subprocess", "    )")
        app = sample(text, "run_server", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        failure = app.failure()
        assert "uvicorn main:app --host 0.0.0.0 --port 8000" in app.raw
        assert failure["message"].startswith("run_server() raised CalledProcessError")
        assert failure["message"].endswith("returned non-zero exit status 9.")

    def test_a_custom_container(self, sample: ServeSample, platform: Storage) -> None:
        first = "import fal\nfrom fal.container import ContainerImage\n\nclass MyModel(fal.App):"
        app = sample(passage("003", first, '        return {"image": image}'), "MyModel")
        image = app.post("/", {"prompt": "a cat"}).json()["image"]
        assert picture(platform, image["url"]).size == (16, 16)

    def test_a_new_project(self, sample: ServeSample) -> None:
        first = "import fal\nfrom pydantic import BaseModel"
        app = sample(passage("003", first, "        return Output(result=result)"), "MyModel")
        assert app.post("/", {"prompt": "Hello"}).json() == {"result": "Hello … by gpt2"}


def test_document_004_has_no_code() -> None:
    assert served_blocks("004") == []
    assert "import fal\n" not in document("004")
