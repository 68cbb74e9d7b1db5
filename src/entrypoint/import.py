# Imports flows with Prefect, and writes their names, descriptions, versions and parameter schemas. Reads {"entrypoints": [...]} from stdin, and
# writes the answers in the same order.
import json
import os
import sys

# Flows may print something while they are imported. It must not become part of the answer.
answer = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
sys.path.insert(0, os.getcwd())


def described(entrypoint):
    from prefect.flows import load_flow_from_entrypoint
    from prefect.utilities.callables import parameter_schema

    flow = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    schema = parameter_schema(flow).model_dump_for_openapi()
    # As `prefect deploy` stores it.
    if not schema.get("definitions"):
        schema.pop("definitions", None)
    return {
        "flowName": flow.name,
        "description": flow.description or None,
        "version": flow.version,
        "parameterSchema": schema,
    }


def answered(entrypoint):
    try:
        return described(entrypoint)
    except BaseException as error:
        lines = str(error).strip().splitlines()
        return {"fault": f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__}


def main():
    asked = json.load(sys.stdin)["entrypoints"]
    try:
        import prefect.flows
    except ImportError:
        return None
    return [answered(entrypoint) for entrypoint in asked]


json.dump({"flows": main()}, answer)
answer.flush()
# Threads that the module of a flow has started would keep this process alive.
os._exit(0)
