"""The server of `server/`, unchanged: a function starts it, as fal's documentation has it."""

import subprocess
import sys
from pathlib import Path

import fal


@fal.function(requirements=["fastapi==0.136.3", "uvicorn==0.54.0"], exposed_port=8000, keep_alive=60)
def readability_server() -> None:
    command = [sys.executable, "-m", "uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]
    subprocess.run(command, cwd=Path(__file__).with_name("server"), check=True)
