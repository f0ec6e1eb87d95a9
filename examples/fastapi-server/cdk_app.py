"""A FastAPI server that there is already, unchanged: its Dockerfile and the port that it listens on."""

from pathlib import Path

from aws_cdk import App, Duration, Stack
from cdk_serverless_gpu import AppHealthCheck, AppSource, MachineType, ServerlessGpuApp

app = App()
stack = Stack(app, "FastApi")

ServerlessGpuApp(
    stack,
    "Embeddings",
    source=AppSource.dockerfile(str(Path(__file__).with_name("server")), port=8000),
    machine_type=MachineType.GPU_T4,
    # It answers several requests at a time.
    max_multiplexing=8,
    health_check=AppHealthCheck(path="/health", start_period=Duration.minutes(2)),
)

app.synth()
