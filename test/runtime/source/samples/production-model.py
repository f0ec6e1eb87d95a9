class ProductionModel(fal.App):
    machine_type = "GPU-A100"

    @fal.endpoint("/health")
    def health(self) -> dict:
        """Health check endpoint."""
        return {
            "status": "healthy",
            "gpu_available": torch.cuda.is_available(),
            "model_loaded": hasattr(self, 'model')
        }
