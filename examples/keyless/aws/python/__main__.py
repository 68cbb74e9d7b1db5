import pulumi
import pulumi_pushpool as pushpool

config = pulumi.Config()

# With a repository in the stack's configuration, its GitHub Actions jobs on main submit runs, and the pool has no key.
# Without one, the pool has a key, and `pushpool up` replaces it every 90 days.
repository = config.get("repository")
if repository:
    github = pushpool.GitHubActionsArgs(repository=repository, branch="main")
    login = {"credentials": pushpool.Credentials.FEDERATED, "federation": pushpool.FederationArgs(github=github)}
else:
    login = {"key_rotation": pushpool.KeyRotationArgs(every_days=90, overlap_days=7)}

# Runs are ECS tasks on Fargate in the stack's aws:region.
etl = pushpool.EcsPushPool(
    "etl",
    **login,
    job_variables={"image": "public.ecr.aws/docker/library/alpine:3", "cpu": 256, "memory": 512},
    # Addresses of the cloud's services, for private endpoints and emulators. Without it, the public ones.
    endpoints=config.get_object("endpoints"),
)

hello = pushpool.Deployment("hello/prod", work_pool_name=etl.work_pool_name, command="echo Hello")

manifest = pushpool.Manifest("manifest", pools=[etl.definition], deployments=[hello.definition])
pulumi.export("pushPools", manifest.json)
