import pulumi
import pulumi_pushpool as pushpool

config = pulumi.Config()

# Runs are ECS tasks on Fargate in the stack's aws:region, in their own network without inbound rules.
etl = pushpool.EcsPushPool(
    "etl",
    permissions=pushpool.Permissions.LEAST_PRIVILEGE,
    concurrency_limit=10,
    image_repository=True,
    # The permissions of the flows. Their code finds this login automatically.
    task_policy_arns=config.get_object("taskPolicyArns") or [],
    job_variables={"image": "public.ecr.aws/docker/library/alpine:3", "cpu": 256, "memory": 512},
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

pulumi.export("imageRepository", etl.image_repository)
pulumi.export("clusterArn", etl.cluster_arn)
pulumi.export("executionRoleArn", etl.execution_role_arn)
pulumi.export("taskRoleArn", etl.task_role_arn)
pulumi.export("vpcId", etl.vpc_id)
manifest = pushpool.Manifest("manifest", pools=[etl.definition], deployments=[hello.definition])
pulumi.export("pushPools", manifest.json)
