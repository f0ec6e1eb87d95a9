"""Serves a fal app as one process: `python serve.py --file app.py --name MyApp --port 0`. See `sgpu_runner`."""

import sys

from sgpu_runner.command import main, prepare_worker

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
elif __name__ == "__mp_main__":
    # A process that the app spawned with `multiprocessing` imports the app's module again: it needs what we add to fal.
    prepare_worker()
