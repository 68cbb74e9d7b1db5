"""Drive a command on a terminal of its own: terminal.py STEPS COMMAND..., where STEPS is JSON, [["wait", text] | ["send", text], ...].

The terminal has as many columns as TERMINAL_COLUMNS says.
Prints {"status", "screen"} as JSON. A text that never comes ends the command, and is named in "missed".
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 30

steps = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    if "TERMINAL_COLUMNS" in os.environ:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(os.environ["TERMINAL_COLUMNS"]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])

screen = b""


def read_on():
    """More of the screen; False once the command has closed it."""
    global screen
    ready, _, _ = select.select([terminal], [], [], 0.1)
    if not ready:
        return True
    try:
        more = os.read(terminal, 65536)
    except OSError:
        return False
    screen += more
    return more != b""


missed = None
seen = 0
for kind, text in steps:
    if kind == "send":
        os.write(terminal, text.encode())
        continue
    end = time.monotonic() + PATIENCE
    while True:
        at = screen.find(text.encode(), seen)
        if at >= 0:
            seen = at + len(text.encode())
            break
        if not read_on() or time.monotonic() > end:
            missed = text
            break
    if missed is not None:
        break

end = time.monotonic() + PATIENCE
while read_on():
    if missed is not None or time.monotonic() > end:
        os.kill(pid, signal.SIGKILL)
        break
_, status = os.waitpid(pid, 0)
print(json.dumps({"status": os.waitstatus_to_exitcode(status), "screen": screen.decode("utf8", "replace"), "missed": missed}))
