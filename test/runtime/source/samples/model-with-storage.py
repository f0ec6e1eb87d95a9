class ModelWithStorage(fal.App):
    machine_type = "GPU-A100"

    volumes = {
        "/models": fal.Volume("model-cache"),
        "/data": fal.Volume("user-data")
    }

    def setup(self):
        # Models persist across cold starts
        self.model = load_model("/models/my-model")
