# Runs build and push steps with Prefect's own code, one at a time, as pushpool asks. The step's output goes to stdout and stderr. Requests and
# answers are lines of JSON on file descriptor 3, which the step's own processes do not get:
#   {"blocks": {"secret/token": {...}}, "variables": {...}, "missing": {"secret/other": "..."}, "mark": "..."}    then {"prefect": "3.8.8"} or {"fault": "..."}
#   {"step": {...}, "after": 1, "outputs": {...}, "folder": "/project"}    then {"state": 2, "outputs": {...}, "own": {...}, "folder": "/project"}
#                                                                          or {"fault": "RuntimeError: ..."}
#   null    then this ends, and leaves alone what steps have started in the background
import asyncio
import json
import math
import os
import queue
import signal
import sys
import threading
import traceback

# Python looks first in this folder for the modules of steps, whatever folder a step changes to.
sys.path[0] = os.getcwd()
os.set_inheritable(3, False)
channel = os.fdopen(os.dup(3), "w", encoding="utf8")
requests = queue.Queue()
given = {}


# If pushpool is killed, nobody would stop the step.
def listen():
    with os.fdopen(3, "r", encoding="utf8") as lines:
        for line in lines:
            requests.put(line)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


# Before an answer, all output of the step: the mark ends it.
def answer(message):
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    for descriptor in (1, 2):
        try:
            os.write(descriptor, (given["mark"] + "\n").encode())
        except OSError:
            pass
    channel.write(json.dumps(message) + "\n")
    channel.flush()


# The outputs of steps may be any Python objects. Here they stay as they are; pushpool gets what JSON has, and strings of the others.
def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if value is None or type(value) in (bool, int, str) or type(value) is float and math.isfinite(value):
        return value
    return str(value)


class Block:
    def __init__(self, data):
        self.data = data


class Variable:
    def __init__(self, value):
        self.value = value


# Prefect's client, as far as placeholders need it: pushpool has read the blocks and variables already.
class Client:
    def __init__(self, blocks, variables, missing):
        self.blocks, self.variables, self.missing = blocks, variables, missing

    def block(self, key):
        if key not in self.blocks:
            raise ValueError('there is no block "' + key + '"' + self.missing.get(key, ""))
        return Block(self.blocks[key])

    async def read_block_document_by_name(self, name, block_type_slug, **_):
        return self.block(block_type_slug + "/" + name)

    async def read_block_document(self, block_document_id, **_):
        return self.block(str(block_document_id))

    async def read_variable_by_name(self, name):
        return Variable(self.variables[name]) if name in self.variables else None


# Where the code of a step has raised an exception. What Prefect itself raises needs no traceback.
def print_traceback(error):
    frames = traceback.extract_tb(error.__traceback__)
    machinery = ("<", "/prefect/", "/concurrent/", "/asyncio/")
    own = [frame for frame in frames if not any(part in frame.filename for part in machinery)]
    if own and frames[-1] is own[-1]:
        print("Traceback (most recent call last):\n" + "".join(traceback.format_list(own)), end="", file=sys.stderr)


def fault(error):
    text = str(error).strip()
    return type(error).__name__ + (": " + text if text else "")


def main():
    threading.Thread(target=listen, daemon=True).start()
    given.update(json.loads(requests.get()))
    try:
        import prefect
        from prefect.deployments.steps import core
    except BaseException as error:
        answer({"fault": fault(error)})
        return
    client = Client(given["blocks"], given["variables"], given["missing"])
    blocks, variables, run_step = core.resolve_block_document_references, core.resolve_variables, core.run_step
    latest = {}

    async def with_blocks(template):
        return await blocks(template, client=client)

    async def with_variables(template):
        return await variables(template, client=client)

    async def observed(*args, **named):
        latest["own"] = None
        latest["own"] = await run_step(*args, **named)
        return latest["own"]

    core.resolve_block_document_references, core.resolve_variables, core.run_step = with_blocks, with_variables, observed
    # pushpool has announced the step. What else Prefect prints are warnings.
    say = lambda text, **_: None if text.startswith(" > Running ") else print(text, file=sys.stderr)
    start = dict(os.environ)
    states = []
    answer({"prefect": prefect.__version__})
    while True:
        request = json.loads(requests.get())
        if request is None:
            return
        after = request["after"]
        outputs, environment = states[after] if after is not None else (request["outputs"], start)
        os.environ.clear()
        os.environ.update(environment)
        try:
            os.chdir(request["folder"])
            outputs = asyncio.run(core.run_steps([request["step"]], outputs, print_function=say))
        except BaseException as error:
            cause = error.__cause__ if type(error).__name__ == "StepExecutionError" and error.__cause__ else error
            print_traceback(cause)
            answer({"fault": fault(cause)})
            continue
        states.append((outputs, dict(os.environ)))
        own = latest["own"] if isinstance(latest["own"], dict) else {}
        answer({"state": len(states) - 1, "outputs": plain(outputs), "own": plain(own), "folder": os.getcwd()})


main()
channel.flush()
os._exit(0)
