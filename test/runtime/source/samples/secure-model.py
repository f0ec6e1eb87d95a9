class SecureModel(fal.App):
    machine_type = "GPU-A10G"

    # Public environment variables
    env = {
        "MODEL_VERSION": "v2.0",
        "DEBUG": "false"
    }

    # Secrets (encrypted)
    secrets = ["HF_TOKEN", "API_KEY"]

    def setup(self):
        import os
        hf_token = os.environ["HF_TOKEN"]
        # Use token for private model access
