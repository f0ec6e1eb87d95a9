import fal

class TextToImage(fal.App, keep_alive=300):
    """Custom image generation model."""

    machine_type = "GPU-A100"
    requirements = ["torch", "diffusers", "transformers"]

    def setup(self):
        """Load model on cold start."""
        import torch
        from diffusers import StableDiffusionXLPipeline

        self.pipe = StableDiffusionXLPipeline.from_pretrained(
            "stabilityai/stable-diffusion-xl-base-1.0",
            torch_dtype=torch.float16,
            use_safetensors=True
        ).to("cuda")

    @fal.endpoint("/generate")
    def generate(self, prompt: str, steps: int = 30) -> dict:
        """Generate image from prompt."""
        image = self.pipe(prompt, num_inference_steps=steps).images[0]

        # Save and return URL
        url = self.save_image(image)
        return {"image_url": url}
