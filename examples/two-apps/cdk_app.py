"""Two apps on one platform: they share network, gateway, keys and, where they need the same, machines."""

from pathlib import Path

from aws_cdk import App, Duration, Stack
from cdk_serverless_gpu import (
    AppAuth,
    AppSource,
    Capacity,
    MachineType,
    ServerlessGpuApp,
    ServerlessGpuPlatform,
)

here = Path(__file__).parent
app = App()
stack = Stack(app, "TwoApps")

platform = ServerlessGpuPlatform(stack, "Gpu", capacity=Capacity.spot())

ServerlessGpuApp(stack, "Ocr", source=AppSource.fal_app(str(here.parent / "ocr" / "app.py")), platform=platform)

images = ServerlessGpuApp(
    stack,
    "Images",
    source=AppSource.fal_app(str(here / "app.py"), "TextToImage"),
    platform=platform,
    machine_type=MachineType.GPU_L4,
    # When there are no machines with an L4, others are tried.
    fallback_machine_types=[MachineType.GPU_A10_G],
    keep_alive=Duration.minutes(5),
    auth=AppAuth.SHARED,
)
images.add_recommended_alarms()
platform.add_dashboard()

app.synth()
