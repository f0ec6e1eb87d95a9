"""A language model of 70 billion parameters, spread over the GPUs of one machine."""

import fal
from pydantic import BaseModel


class Input(BaseModel):
    prompt: str
    max_tokens: int = 256


class Output(BaseModel):
    text: str


class LargeModel(fal.App, keep_alive=300):
    machine_type = "GPU-L40S"
    num_gpus = 4
    requirements = ["vllm==0.11.2"]
    volumes = {"/models": "models"}
    env = {"HF_HOME": "/models"}

    def setup(self) -> None:
        from vllm import LLM

        self.model = LLM("Qwen/Qwen2.5-72B-Instruct-AWQ", tensor_parallel_size=4)

    @fal.endpoint("/")
    def generate(self, input: Input) -> Output:
        from vllm import SamplingParams

        [answer] = self.model.generate([input.prompt], SamplingParams(max_tokens=input.max_tokens))
        return Output(text=answer.outputs[0].text)
