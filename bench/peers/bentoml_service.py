"""The no-op endpoint on BentoML."""

import bentoml


@bentoml.service(workers=1)
class Noop:
    @bentoml.api(route="/")
    async def run(self, prompt: str) -> dict:
        return {"text": prompt}
