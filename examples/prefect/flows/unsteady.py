from prefect import flow
from prefect.runtime import flow_run


@flow(retries=2, retry_delay_seconds=1, log_prints=True)
def unsteady():
    """Fails the first time, and is run again by Prefect in the same process."""
    print(f"attempt {flow_run.run_count}")
    if flow_run.run_count < 2:
        raise RuntimeError("the first attempt always fails")
