from prefect import flow


@flow
def broken():
    """Raises: the run is FAILED, its traceback in the log."""
    raise ValueError("there is no such order")
