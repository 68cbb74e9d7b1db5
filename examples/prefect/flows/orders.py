from datetime import date

from prefect import flow, task


@task
def read(day: date) -> list[int]:
    return [day.day, 7, 35]


@task
def total(amounts: list[int]) -> int:
    return sum(amounts)


@flow(log_prints=True)
def report(amount: int):
    print(f"orders come to {amount}")


@flow(log_prints=True)
def orders(day: date):
    """What was ordered on a day: two tasks, and a subflow that reports."""
    print(f"orders of {day}")
    report(total(read(day)))
