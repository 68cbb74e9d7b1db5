import pulumi
import pulumi_pushpool as pushpool

config = pulumi.Config()

# Runs are container groups in a resource group of the pool's own, in the stack's azure-native:subscriptionId and azure-native:location.
etl = pushpool.ContainerInstancePushPool(
    "etl",
    permissions=pushpool.Permissions.LEAST_PRIVILEGE,
    concurrency_limit=10,
    # A registry for the flows' images, and an identity by which runs read it.
    image_repository=True,
    # An image without Prefect's entrypoint, which the template would put in front of the command.
    job_variables={"image": "mcr.microsoft.com/azurelinux/base/core:3.0", "entrypoint": ""},
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

pulumi.export("resourceGroupName", etl.resource_group_name)
pulumi.export("imageRepository", etl.image_repository)
pulumi.export("secretEndsAt", etl.secret_ends_at)
manifest = pushpool.Manifest("manifest", pools=[etl.definition], deployments=[hello.definition])
pulumi.export("pushPools", manifest.json)
