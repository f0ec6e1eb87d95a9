import subprocess
import fal
from fal.container import ContainerImage

@fal.function(
    image=ContainerImage.from_dockerfile_str("FROM your-existing-image:latest"),
    machine_type="GPU-A100",
    exposed_port=8000,
)
def run_server():
    subprocess.run(
        ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"],
        check=True,
    )
