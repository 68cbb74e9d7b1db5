import pulumi
import pulumi_pushpool as pushpool

config = pulumi.Config()

# Runs are executions of Cloud Run jobs in the stack's gcp:project and gcp:region, with a service account that has no other permissions.
etl = pushpool.CloudRunPushPool(
    "etl",
    permissions=pushpool.Permissions.LEAST_PRIVILEGE,
    concurrency_limit=10,
    job_variables={"image": "alpine:3", "timeout": 300},
    # Addresses of the cloud's services, for private endpoints and emulators. Without it, the public ones.
    endpoints=config.get_object("endpoints"),
)

# A deployment can be declared here as well as in prefect.yaml.
hello = pushpool.Deployment(
    "hello/shell",
    work_pool_name=etl.work_pool_name,
    command="sh -c 'echo \"Hello with $PUSHPOOL_PARAMETERS\"'",
    parameters={"name": "Ada"},
)

pulumi.export("runtimeServiceAccount", etl.runtime_service_account)
manifest = pushpool.Manifest("manifest", pools=[etl.definition], deployments=[hello.definition])
pulumi.export("pushPools", manifest.json)
