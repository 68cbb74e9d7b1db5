def count(times: int = 3) -> None:
    for number in range(1, times + 1):
        print(f"line {number}")
