"""Serves an unmodified fal app through the real `fal` package, without fal's cloud.

The runner is told by its command line what to serve and by its environment where the platform is:

- `SGPU_FAL_CLOSURE`: directory with fal and its dependencies (`requirements.txt` beside `serve.py`). It comes last on
  `sys.path`, so that every version the user chose wins. Unset, fal must be importable as it is.
- `SGPU_REST_URL`, `SGPU_RUN_URL`, `SGPU_QUEUE_URL`, `SGPU_CDN_URL`: the platform's endpoints. Files that the app makes
  are uploaded there, and `fal_client` used inside the app calls there.
- `SGPU_VOLUMES`: JSON object, mount path to directory. A mount path that does not exist is linked to its directory.
- `SGPU_AGENT_SOCKET`: in a container, the Unix socket of the agent in the container beside it.
- `SGPU_WEIGHT_CACHE`, `SGPU_CACHED_VOLUMES`: where copies of model weights are kept, see `weight_cache`.
- `FAL_KEY` and the other variables that fal documents are the platform's to set.

It reports on its stdout, one line each: the byte 0x1E and a JSON object.

- `{"type":"listening","port":N}`: the app takes requests on that port. `setup()` has run.
- `{"type":"log","request_id":"…"|null,"level":"…","message":"…"}`: what the app printed or logged, for which request.
- `{"type":"failed","stage":"…","message":"…","traceback":"…"}`: the app cannot be served; the process ends with
  status 1. Stages: `environment`, `import`, `app`, `bind`, `setup`, `serve`.

With `SGPU_AGENT_SOCKET` these lines go to the socket as soon as an agent listens there, and stdout gets the objects
without the byte before them.

What bypasses Python (C libraries, child processes) appears as plain text on stderr.

SIGTERM ends it as on fal: `handle_exit()`, no new connections, requests in flight finish, `teardown()`, status 0.
"""
