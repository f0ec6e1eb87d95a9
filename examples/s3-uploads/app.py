"""Reads the text in an image that lies in a bucket."""

import tempfile

import fal
from pydantic import BaseModel


class Uploaded(BaseModel):
    bucket: str
    key: str


class Text(BaseModel):
    text: str


class Reader(fal.App, keep_alive=30):
    machine_type = "CPU"
    requirements = ["rapidocr==3.10.0", "onnxruntime>=1.20,<2", "boto3>=1.40,<2"]

    def setup(self) -> None:
        import boto3
        from rapidocr import RapidOCR

        self.engine = RapidOCR()
        self.s3 = boto3.client("s3")

    @fal.endpoint("/")
    def read(self, uploaded: Uploaded) -> Text:
        with tempfile.NamedTemporaryFile() as file:
            self.s3.download_fileobj(uploaded.bucket, uploaded.key, file)
            file.flush()
            found = self.engine(file.name)
        return Text(text="\n".join(found.txts or ()))
