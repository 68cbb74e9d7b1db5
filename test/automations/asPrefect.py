"""For each list of triggers on stdin: what Prefect's client makes of it, or why it refuses it."""

import json
import sys
from uuid import UUID

from prefect.cli.deploy._triggers import _initialize_deployment_triggers

for line in sys.stdin:
    specs = json.loads(line)
    try:
        triggers = _initialize_deployment_triggers("prod", specs)
        made = []
        for trigger in triggers:
            trigger.set_deployment_id(UUID(int=1))
            made.append(trigger.as_automation().model_dump(mode="json", exclude_unset=False))
        print(json.dumps({"automations": made}))
    except Exception as error:
        print(json.dumps({"refused": str(error)}))
