"""Every image that is uploaded to a bucket is a request of an app, by way of the app's queue."""

from pathlib import Path

from aws_cdk import App, RemovalPolicy, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from cdk_serverless_gpu import AppSource, ServerlessGpuApp

app = App()
stack = Stack(app, "Uploads")

uploads = s3.Bucket(
    stack,
    "Uploads",
    enforce_ssl=True,
    server_access_logs_prefix="access-logs/",
    removal_policy=RemovalPolicy.RETAIN,
)
# S3 tells EventBridge of each upload.
uploads.node.default_child.add_property_override(
    "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", True
)

reader = ServerlessGpuApp(stack, "Reader", source=AppSource.fal_app(str(Path(__file__).with_name("app.py"))))
reader.task_definition.add_to_task_role_policy(
    iam.PolicyStatement(actions=["s3:GetObject"], resources=[uploads.arn_for_objects("images/*")])
)

events.Rule(
    stack,
    "Uploaded",
    event_pattern=events.EventPattern(
        source=["aws.s3"],
        detail_type=["Object Created"],
        detail={"bucket": {"name": [uploads.bucket_name]}, "object": {"key": [{"prefix": "images/"}]}},
    ),
    targets=[
        targets.SqsQueue(
            reader.queue,
            # What the app takes as its input.
            message=events.RuleTargetInput.from_object(
                {
                    "bucket": events.EventField.from_path("$.detail.bucket.name"),
                    "key": events.EventField.from_path("$.detail.object.key"),
                }
            ),
        )
    ],
)

app.synth()
