"""An app in a stack that has a network, a cluster, a file system, secrets and keys of its own."""

from pathlib import Path

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_efs as efs
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from cdk_serverless_gpu import AppSource, MachineType, ServerlessGpuApp, ServerlessGpuPlatform

app = App()
stack = Stack(app, "Existing")

key = kms.Key(stack, "Key", enable_key_rotation=True)
vpc = ec2.Vpc(stack, "Vpc", nat_gateways=1, flow_logs={"All": ec2.FlowLogOptions()})
cluster = ecs.Cluster(stack, "Cluster", vpc=vpc, container_insights_v2=ecs.ContainerInsights.ENABLED)
file_system = efs.FileSystem(stack, "FileSystem", vpc=vpc, encrypted=True, kms_key=key, allow_anonymous_access=False)
dead_letter_queue = sqs.Queue(stack, "DeadLetterQueue", enforce_ssl=True, retention_period=Duration.days(14))
token = secretsmanager.Secret(stack, "HuggingFaceToken", encryption_key=key)

platform = ServerlessGpuPlatform(stack, "Gpu", vpc=vpc, cluster=cluster, file_system=file_system, encryption_key=key)

ServerlessGpuApp(
    stack,
    "Ocr",
    source=AppSource.fal_app(str(Path(__file__).parent.parent / "ocr" / "app.py")),
    platform=platform,
    machine_type=MachineType.GPU_L4,
    secrets={"HF_TOKEN": ecs.Secret.from_secrets_manager(token)},
    dead_letter_queue=dead_letter_queue,
)

app.synth()
