"""
Imports a Prefect server once, and forks for each server that a test wants: `forkServers.py SOCKET OWNER`. The import is two thirds of the
processor time of a server's start. A request is a line of JSON: {"env": {...}, "arguments": ["server", "start", ...], "log": "..."}. The
reply is the server's process id. When its owner is gone, it removes its folder and ends.
"""

import gc
import json
import os
import shutil
import signal
import socket
import sys

path, owner = sys.argv[1], int(sys.argv[2])
listening = socket.socket(socket.AF_UNIX)
listening.bind(path)
listening.listen(64)

import prefect.cli._server_utils  # noqa: E402
import prefect.cli.server  # noqa: E402
import prefect.context  # noqa: E402
import prefect.server.api.server  # noqa: E402
from prefect.cli import app  # noqa: E402


def serve(env, arguments, log):
    """Be `prefect ARGUMENTS`."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["prefect", *arguments]
    # Prefect reads its settings when it is imported.
    prefect.context.refresh_global_settings_context()
    app()


def alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


def fork_on_request():
    """Returns in each fork, with its request; in this process once the owner is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # No fork looks for garbage among what all of them have.
    gc.freeze()
    listening.settimeout(1)
    while alive(owner):
        try:
            asking, _ = listening.accept()
        except TimeoutError:
            continue
        with asking:
            asking.settimeout(60)
            request = json.loads(asking.makefile().readline())
            pid = os.fork()
            if pid == 0:
                listening.close()
                return request
            asking.sendall(f"{pid}\n".encode())
    shutil.rmtree(os.path.dirname(path))
    return None


request = fork_on_request()
if request:
    serve(**request)
