"""Makes images from text. The weights are downloaded once, to the volume that all runners share."""

import fal
from fal.toolkit import Image
from pydantic import BaseModel, Field


class Input(BaseModel):
    prompt: str = Field(description="What to show.")
    steps: int = Field(default=2, ge=1, le=8)


class Output(BaseModel):
    image: Image


class TextToImage(fal.App, keep_alive=60):
    machine_type = "GPU-L4"
    requirements = ["diffusers==0.36.0", "transformers==4.57.3", "accelerate==1.12.0", "torch==2.9.1"]
    volumes = {"/models": "models"}
    env = {"HF_HOME": "/models"}

    def setup(self) -> None:
        import torch
        from diffusers import AutoPipelineForText2Image

        pipeline = AutoPipelineForText2Image.from_pretrained("stabilityai/sdxl-turbo", torch_dtype=torch.float16)
        self.pipeline = pipeline.to("cuda")

    @fal.endpoint("/")
    def generate(self, input: Input) -> Output:
        found = self.pipeline(input.prompt, num_inference_steps=input.steps, guidance_scale=0.0)
        return Output(image=Image.from_pil(found.images[0]))
