"""Flows of hello/python and hello/formal, and of query/broken. They are plain functions; with Prefect's @flow on them they would run as well."""

import os
import time


def hello(name: str, times: int = 1) -> str:
    """Greet someone, a few times."""
    greeting = os.environ.get("GREETING", "Hello")
    for n in range(1, times + 1):
        print(f"{greeting}, {name}! ({n} of {times})")
        time.sleep(0.3)
    return f"greeted {name} {times} times"


def query(host: str = "db.example"):
    """Fail as flows do."""
    connect(host)


def connect(host):
    raise ConnectionError(f"cannot reach {host}")
