"""What Prefect's own schedules answer: a JSON list of questions on stdin, a JSON list of answers on stdout. Run with a Python that has Prefect."""

import datetime
import json
import signal
import sys
from zoneinfo import ZoneInfo

from prefect.server.schemas.schedules import CronSchedule, RRuleSchedule

UTC = ZoneInfo("UTC")


class TooLong(Exception):
    pass


def ring(*_):
    raise TooLong()


def times(question):
    start = datetime.datetime.fromisoformat(question["after"].replace("Z", "+00:00"))
    most = question["most"]
    if "cron" in question:
        schedule = CronSchedule(cron=question["cron"], timezone=question["timezone"], day_or=question["day_or"])
        found = schedule._get_dates_generator(n=most, start=start)
    else:
        found = RRuleSchedule(rrule=question["rrule"], timezone=question["timezone"])._get_dates_generator(n=most, start=start)
    return [date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for date in found]


def answer(question):
    signal.setitimer(signal.ITIMER_REAL, question.get("seconds", 2))
    try:
        return {"times": times(question)}
    except TooLong:
        return {"tooLong": True}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


signal.signal(signal.SIGALRM, ring)
json.dump([answer(question) for question in json.load(sys.stdin)], sys.stdout)
