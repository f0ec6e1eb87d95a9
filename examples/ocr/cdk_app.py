"""A fal app, deployed as it is."""

from pathlib import Path

from aws_cdk import App, Stack
from cdk_serverless_gpu import AppSource, ServerlessGpuApp

app = App()
stack = Stack(app, "Ocr")

ServerlessGpuApp(stack, "Ocr", source=AppSource.fal_app(str(Path(__file__).with_name("app.py"))))

app.synth()
