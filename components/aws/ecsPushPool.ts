import * as pulumi from "@pulumi/pulumi";
import { defaultTemplate } from "../../src/template";
import type { AnyJson } from "../anyJson";
import { type Declared, declared, partOf, refuse } from "../checks";
import { type PushPoolDefinition, present } from "../definitions";
import type { Trust } from "../federation";
import { inPlaceOf } from "../inPlaceOf";
import { checkPoolTemplate, withDefaults } from "../poolTemplate";
import { longestRunOf } from "../rotatingKeys";
import { blockNameOf, Credentials, withSecretsMarked } from "../submitting";
import { regionOf } from "./awsChecks";
import { awsCredentials } from "./awsCredentialsBlock";
import { EcrRepository } from "./ecrRepository";
import { ECS_PUSH_POOL_ARGUMENTS, type EcsPushPoolArgs } from "./ecsPushPoolArgs";
import { executionRoleArn } from "./executionRole";
import { arnIn, stsUrl } from "./partition";
import { checkPool } from "./poolChecks";
import { checkPoolImage, poolImage } from "./poolImage";
import { pushUser } from "./pushUser";
import { TaskCluster } from "./taskCluster";
import { logGroup } from "./taskLogGroup";
import { TaskNetwork, TaskNetworkAccess } from "./taskNetwork";
import { checkArchitecture, onArchitecture, taskPlatform } from "./taskPlatform";
import { TaskRole } from "./taskRole";
import { TaskSecrets } from "./taskSecrets";
import { TaskSubmitAccess } from "./taskSubmitAccess";
import { federatedRole } from "./webIdentityRole";

/** The place and the roles of runs. */
interface RunPlace {
  region: pulumi.Input<string>;
  workPoolName: string;
  clusterArn: pulumi.Input<string>;
  executionRoleArn: pulumi.Input<string>;
  taskRoleArn?: pulumi.Input<string>;
  logGroupName?: pulumi.Input<string>;
}

/**
 * A push work pool of type `ecs:push`. Its runs are ECS tasks, on Fargate unless a job variable says otherwise.
 *
 * ```ts
 * const etl = new EcsPushPool("etl", { region: "eu-west-1", jobVariables: { image: "…/etl:1.2", cpu: 512, memory: 1024 } });
 * ```
 */
export class EcsPushPool extends pulumi.ComponentResource {
  /**
   * Name of the work pool.
   */
  readonly workPoolName: pulumi.Output<string>;
  /**
   * ARN of the cluster in which runs run.
   */
  readonly clusterArn: pulumi.Output<string>;
  /**
   * ARN of the role with which ECS fetches images and secrets, and writes logs.
   */
  readonly executionRoleArn: pulumi.Output<string>;
  /**
   * ARN of the role that flows have, if they have one.
   */
  readonly taskRoleArn: pulumi.Output<string> | undefined;
  /**
   * Name of the IAM user that submits runs. Absent with federated and ambient credentials, and with an existing block.
   */
  readonly pushUser: pulumi.Output<string> | undefined;
  /**
   * ARN of the IAM role that submits runs, with federated credentials.
   */
  readonly pushRoleArn: pulumi.Output<string> | undefined;
  /**
   * The name of the images, before the colon and the tag, if a repository was requested, or made for the image.
   */
  readonly imageRepository: pulumi.Output<string> | undefined;
  /**
   * The name and digest of the image that was built, if one was requested. For triggers of a FlowRun.
   */
  readonly image: pulumi.Output<string> | undefined;
  /**
   * Name of the log group to which runs write.
   */
  readonly logGroupName: pulumi.Output<string> | undefined;
  /**
   * Id of the VPC of the runs.
   */
  readonly vpcId: pulumi.Output<string> | undefined;
  /**
   * The value for manifest().
   */
  readonly definition: PushPoolDefinition;

  constructor(name: string, args: EcsPushPoolArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("EcsPushPool", name, args, ECS_PUSH_POOL_ARGUMENTS);
    const { workPoolName = name, jobVariables = {}, isPaused, concurrencyLimit, queues, timeoutSeconds, labels, endpoints } = args;
    const region = regionOf(args.region, of);
    const trust = checkPool(name, workPoolName, { ...args, region }, of);
    const template = args.baseJobTemplate ?? defaultTemplate("ecs:push");
    checkPoolTemplate(template, jobVariables, of);
    if (args.secretEnv !== undefined) checkPlaceOfSecrets(template, of);
    const chosen = { cpuArchitecture: args.cpuArchitecture, template, jobVariables };
    checkArchitecture(chosen, of);
    const platform = taskPlatform(chosen);
    checkPoolImage(args.image, platform, of);
    super("pushpool:index:EcsPushPool", name, withSecretsMarked(args), opts);
    const options = partOf(this, opts);

    const network = networkOf(name, args, region, options);
    const images = repositoryOf(name, args, region, options);
    this.image = args.image && poolImage(name, { image: args.image, images, platform }, options, of);
    const logs = logsOf(name, args, region, options);
    const secrets = secretsOf(name, workPoolName, args, region, options);
    const place: RunPlace = {
      region,
      workPoolName,
      clusterArn:
        args.clusterArn ??
        jobVariables.cluster ??
        new TaskCluster(`${name}-tasks`, { region, serviceLinkedRole: args.serviceLinkedRole }, options).arn,
      executionRoleArn:
        args.executionRoleArn ??
        jobVariables.execution_role_arn ??
        executionRoleArn(
          `${name}-execution`,
          { region, workPoolName, logGroupArn: logs.arn, secretArns: secretArnsOf(jobVariables) },
          inPlaceOf("ExecutionRole", `${name}-execution`, options),
        ),
      ...present({
        taskRoleArn:
          args.taskRoleArn ??
          jobVariables.task_role_arn ??
          (args.taskPolicyArns && new TaskRole(`${name}-flows`, { policyArns: args.taskPolicyArns }, options).arn),
        logGroupName: logs.name ?? usualLogGroup(jobVariables),
      }),
    };
    const { block, push, role } = credentialsOf(name, { ...args, trust }, place, options);
    const variables = {
      cluster: place.clusterArn,
      execution_role_arn: place.executionRoleArn,
      ...present({ task_role_arn: place.taskRoleArn, vpc_id: network?.vpcId, prefect_api_key_secret_arn: secrets.PREFECT_API_KEY }),
      ...(network ? { network_configuration: network.configuration } : {}),
      configure_cloudwatch_logs: true,
      ...(logs.name === undefined ? {} : { cloudwatch_logs_options: { "awslogs-group": logs.name, "awslogs-create-group": "false" } }),
      ...present({ image: this.image }),
      ...jobVariables,
    };
    const { PREFECT_API_KEY: _, ...environment } = secrets;
    const baseJobTemplate = withDefaults(onArchitecture(withSecrets(template, environment), args.cpuArchitecture), variables);

    this.workPoolName = pulumi.output(workPoolName);
    this.clusterArn = pulumi.output(place.clusterArn);
    this.executionRoleArn = pulumi.output(place.executionRoleArn);
    this.taskRoleArn = place.taskRoleArn === undefined ? undefined : pulumi.output(place.taskRoleArn);
    this.pushUser = push?.userName;
    this.pushRoleArn = role;
    this.imageRepository = images?.url;
    this.logGroupName = logs.name === undefined ? undefined : pulumi.output(logs.name);
    this.vpcId = network && pulumi.output(network.vpcId);
    this.definition = {
      name: workPoolName,
      pool: present({
        type: "ecs:push",
        baseJobTemplate,
        credentials: block?.blockKey ?? args.credentialsBlock,
        isPaused,
        concurrencyLimit,
        queues,
        timeoutSeconds,
        labels,
        endpoints,
      }),
      blocks: block ? { [block.blockKey]: block.definition } : {},
    };
    this.registerOutputs({
      workPoolName: this.workPoolName,
      clusterArn: this.clusterArn,
      executionRoleArn: this.executionRoleArn,
      taskRoleArn: this.taskRoleArn,
      pushUser: this.pushUser,
      pushRoleArn: this.pushRoleArn,
      imageRepository: this.imageRepository,
      image: this.image,
      logGroupName: this.logGroupName,
      vpcId: this.vpcId,
    });
  }
}

/** The pool's own repository. An image that the pool builds needs one, and would keep it from being deleted. */
function repositoryOf(
  name: string,
  { imageRepository, image }: EcsPushPoolArgs,
  region: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): EcrRepository | undefined {
  const isForImage = image !== undefined && image.repository === undefined;
  if (!isForImage) return imageRepository ? new EcrRepository(`${name}-images`, { region }, options) : undefined;
  return new EcrRepository(`${name}-images`, { region, forceDelete: true }, options);
}

/** The network of runs, in the format of the job variables; `undefined` if the job variables already give it. */
function networkOf(
  name: string,
  { network: access, vpcId, subnetIds, securityGroupIds, assignPublicIp = false, jobVariables = {} }: EcsPushPoolArgs,
  region: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): { vpcId: pulumi.Input<string>; configuration: Record<string, AnyJson> } | undefined {
  if (jobVariables.network_configuration !== undefined) return undefined;
  const address = (isPublic: boolean) => (isPublic ? "ENABLED" : "DISABLED");
  if (subnetIds !== undefined)
    return {
      vpcId: vpcId ?? jobVariables.vpc_id,
      configuration: present({ subnets: subnetIds, securityGroups: securityGroupIds, assignPublicIp: address(assignPublicIp) }),
    };
  const made = new TaskNetwork(`${name}-network`, { region, access }, options);
  const isPublic = (access ?? TaskNetworkAccess.Public) === TaskNetworkAccess.Public;
  return {
    vpcId: made.vpcId,
    configuration: { subnets: made.subnetIds, securityGroups: [made.securityGroupId], assignPublicIp: address(isPublic) },
  };
}

/** Where runs write their logs; empty if the job variables already say it, or if runs write none. */
function logsOf(
  name: string,
  { logGroupName, logRetentionDays: retentionDays, jobVariables = {} }: EcsPushPoolArgs,
  region: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): { arn?: pulumi.Input<string>; name?: pulumi.Input<string> } {
  if (jobVariables.cloudwatch_logs_options !== undefined || jobVariables.configure_cloudwatch_logs === false) return {};
  if (logGroupName === undefined) {
    const made = logGroup(`${name}-logs`, { region, retentionDays }, inPlaceOf("TaskLogGroup", `${name}-logs`, options));
    return { arn: made.arn, name: made.name };
  }
  const arn = pulumi.output(logGroupName).apply((known) => arnIn(region, (place) => `logs:${place}:*:log-group:${known}`));
  return { arn, name: logGroupName };
}

/** The name of the log group of runs, if the pool does not make one. */
function usualLogGroup({ cloudwatch_logs_options }: Record<string, AnyJson>): pulumi.Input<string> {
  return pulumi.output(cloudwatch_logs_options).apply((options) => options?.["awslogs-group"] ?? "prefect");
}

/** ARNs of parameters by the variable's name. */
function secretsOf(
  name: string,
  workPoolName: string,
  { secretEnv, prefectApiKey }: EcsPushPoolArgs,
  region: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): Record<string, pulumi.Output<string>> {
  const values = { ...secretEnv, ...(prefectApiKey === undefined ? {} : { PREFECT_API_KEY: prefectApiKey }) };
  if (Object.keys(values).length === 0) return {};
  return new TaskSecrets(`${name}-secrets`, { region, workPoolName, values }, options).arns;
}

/** The secrets that the job variables name. */
function secretArnsOf(jobVariables: Record<string, AnyJson>): pulumi.Input<string>[] | undefined {
  const named = [jobVariables.prefect_api_key_secret_arn, jobVariables.prefect_api_auth_string_secret_arn].filter(
    (arn) => arn !== undefined,
  );
  return named.length > 0 ? named : undefined;
}

/** The credentials block, with its user, and the access of those who submit with their own login. */
function credentialsOf(
  name: string,
  args: EcsPushPoolArgs & { trust: Trust | undefined },
  place: RunPlace,
  options: pulumi.CustomResourceOptions,
): { block?: ReturnType<typeof awsCredentials>; push?: ReturnType<typeof pushUser>; role?: pulumi.Output<string> } {
  const { credentials = Credentials.Key, credentialsBlock, trust, oidcProviderArn, user, permissions, submitters } = args;
  if (submitters?.length) new TaskSubmitAccess(`${name}-submitters`, { ...place, permissions, members: submitters }, options);
  if (credentialsBlock !== undefined) return {};
  const blockArgs = { region: place.region, blockName: blockNameOf(place.workPoolName) };
  // Without a key, the block still has the region, which a login does not always know.
  if (credentials === Credentials.Ambient) return { block: awsCredentials(blockArgs) };
  if (trust) {
    const role = federatedRole(`${name}-push`, { ...place, ...present({ oidcProviderArn }), permissions, trust }, options);
    return { role: role.arn, block: awsCredentials({ ...blockArgs, federation: role.federation, keyCreatedAt: role.createdAt }) };
  }
  const rotation = args.keyRotation && {
    every: args.keyRotation,
    workPoolName: place.workPoolName,
    blockKey: `aws-credentials/${blockArgs.blockName}`,
    longestRun: longestRunOf(args.timeoutSeconds),
    service: args.endpoints?.sts ?? pulumi.output(place.region).apply(stsUrl),
  };
  const push = pushUser(`${name}-push`, { ...place, permissions, user }, inPlaceOf("PushUser", `${name}-push`, options), rotation);
  const { userName: _, ...key } = push;
  return { push, block: awsCredentials({ ...blockArgs, ...key, keyId: key.accessKeyId }) };
}

/** @throws {pulumi.RunError} if the template has no container, which {@link withSecrets} needs */
function checkPlaceOfSecrets(template: Record<string, AnyJson>, of: Declared): void {
  const [container] = template.job_configuration?.task_definition?.containerDefinitions ?? [];
  if (typeof container !== "object" || container === null)
    refuse("baseJobTemplate.job_configuration.task_definition.containerDefinitions[0] is missing: the pool writes secretEnv there", of);
}

/** Prefect's template has no variable for secrets in the environment. So they go into the task definition itself. */
function withSecrets(template: Record<string, AnyJson>, arns: Record<string, AnyJson>): Record<string, AnyJson> {
  const named = Object.entries(arns).map(([name, valueFrom]) => ({ name, valueFrom }));
  if (named.length === 0) return template;
  const job = template.job_configuration;
  const [container, ...others] = job?.task_definition?.containerDefinitions ?? [];
  const secrets = [...(container.secrets ?? []), ...named];
  const definition = { ...job.task_definition, containerDefinitions: [{ ...container, secrets }, ...others] };
  return { ...template, job_configuration: { ...job, task_definition: definition } };
}
