"""The no-op fal.App under fal's own `serve()`: fal_serve_server.py FILE PORT METRICS_PORT"""

import asyncio
import runpy
import sys

if __name__ == "__main__":
    path, port, metrics_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    app = runpy.run_path(path)["Noop"](_allow_init=True)
    asyncio.run(app.serve(port=port, metrics_port=metrics_port))
