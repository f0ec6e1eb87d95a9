class RobustModel(fal.App):
    machine_type = "GPU-A100"

    @fal.endpoint("/generate")
    def generate(self, prompt: str) -> dict:
        try:
            result = self._generate(prompt)
            return {"success": True, "result": result}
        except torch.cuda.OutOfMemoryError:
            return {"success": False, "error": "GPU OOM - reduce input size"}
        except Exception as e:
            return {"success": False, "error": str(e)}
