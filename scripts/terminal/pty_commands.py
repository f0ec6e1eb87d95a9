"""Runs commands in one pseudo-terminal and tells what they print there.

Takes the terminal's columns and rows as arguments. Each line of stdin is {"command": TEXT, "background": BOOL}, run by
`sh` once it is read; each line of stdout is {"output": TEXT}, or {"exit": STATUS} of a command in the foreground. The
end of stdin ends what runs in the background.
"""

import codecs
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from typing import Any


def main() -> None:
    columns, rows = int(sys.argv[1]), int(sys.argv[2])
    reader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    background: list[subprocess.Popen[bytes]] = []
    foreground: subprocess.Popen[bytes] | None = None
    commands = b""
    while True:
        # Asked before the output is: what the command printed last is told before its end.
        ended = foreground is not None and foreground.poll() is not None
        readable, _, _ = select.select([reader, sys.stdin.fileno()], [], [], 0.02)
        if reader in readable:
            tell({"output": decode(os.read(reader, 65536))})
        elif foreground is not None and ended:
            tell({"exit": foreground.returncode})
            foreground = None
        if sys.stdin.fileno() in readable:
            piece = os.read(sys.stdin.fileno(), 65536)
            if not piece:
                break
            *lines, commands = (commands + piece).split(b"\n")
            for step in map(json.loads, lines):
                process = start(step["command"], terminal)
                if step["background"]:
                    background.append(process)
                else:
                    foreground = process
    for process in background:
        os.killpg(process.pid, signal.SIGTERM)
    for process in background:
        process.wait()


def start(command: str, terminal: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )


def tell(event: dict[str, Any]) -> None:
    print(json.dumps(event), flush=True)


if __name__ == "__main__":
    main()
