# Runs a Pulumi program in Python, as the script pulumi-language-python-exec of Pulumi's CLI does. The package `pulumi` does not contain it.
# argv: the settings as JSON, then the program: a file, or a folder with __main__.py.
import asyncio
import inspect
import json
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

REPORTED = 32
NO_SDK = 33

settings, program = json.loads(sys.argv[1]), sys.argv[2]
try:
    import pulumi
    import pulumi.runtime
except ModuleNotFoundError as missing:
    if missing.name is None or missing.name.split(".")[0] != "pulumi":
        raise
    sys.exit(NO_SDK)

# Older SDKs know fewer settings.
known = inspect.signature(pulumi.runtime.Settings.__init__).parameters
pulumi.runtime.set_all_config(json.loads(os.environ["PULUMI_CONFIG"]), json.loads(os.environ["PULUMI_CONFIG_SECRET_KEYS"]))
pulumi.runtime.configure(pulumi.runtime.Settings(**{name: value for name, value in settings.items() if name in known}))

# When a resource fails, the SDK leaves tasks behind. asyncio would complain about them.
logging.getLogger("asyncio").setLevel(logging.CRITICAL)


OURS = ("<", os.path.dirname(asyncio.__file__), os.path.join(os.path.dirname(pulumi.runtime.__file__), "stack.py"))


# The traceback without the frames that lead to the program: this runner's, and those of asyncio, runpy and the SDK's start.
def traceback_of(error):
    frames = traceback.extract_tb(error.__traceback__)
    start = next((at for at, frame in enumerate(frames) if not frame.filename.startswith(OURS)), len(frames))
    if start == len(frames):
        return "".join(traceback.format_exception_only(type(error), error))
    return "".join(traceback.format_exception(type(error), error, error.__traceback__, limit=start - len(frames)))


async def main():
    await pulumi.runtime.run_in_stack(lambda: runpy.run_path(program, run_name="__main__") and None)


sys.argv = [program]
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
# The SDK makes each call of the engine in a thread of its own.
threads = ThreadPoolExecutor(max_workers=max(settings["parallel"], 1) * 4)
loop.set_default_executor(threads)
code = 0
try:
    loop.run_until_complete(main())
except pulumi.RunError as error:
    pulumi.log.error(str(error))
    code = REPORTED
except Exception as error:
    pulumi.log.error("Program failed with an unhandled exception:\n" + traceback_of(error))
    code = REPORTED
finally:
    threads.shutdown(wait=True)
    loop.close()
    sys.stdout.flush()
    sys.stderr.flush()
sys.exit(code)
