from pathlib import Path

import pulumi
import pulumi_pushpool as pushpool

# Runs are processes on this machine, at most four at a time, in the example's folder. prefect.yaml refers to the pool by its name.
here = str(Path(__file__).parent.parent)
pool = pushpool.ProcessPushPool("local", concurrency_limit=4, job_variables={"working_dir": here})

# A deployment can be declared here as well as in prefect.yaml.
usage = pushpool.Deployment(
    "disk/usage",
    work_pool_name=pool.work_pool_name,
    description="A shell command, as it is",
    command="""sh -c 'echo "in $(basename "$PWD"):"; du -sh flows'""",
    tags=["housekeeping"],
)

# A run as part of `up`: once, and again when a trigger changes. If it fails, `up` fails.
smoke = pushpool.FlowRun("smoke", pool=pool.definition, deployment=usage.definition, triggers=["1.0"])

manifest = pushpool.Manifest("manifest", pools=[pool.definition], deployments=[usage.definition])
pulumi.export("pushPools", manifest.json)
pulumi.export("smoke", smoke.state)
