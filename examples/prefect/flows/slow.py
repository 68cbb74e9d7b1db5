import time

from prefect import flow


@flow(log_prints=True)
def slow(seconds: int = 600):
    """Long enough to be cancelled."""
    for second in range(seconds):
        print(f"second {second + 1}")
        time.sleep(1)
