import { IAMMember } from "@pulumi/gcp/projects";
import * as pulumi from "@pulumi/pulumi";
import { defaultTemplate } from "../../src/template";
import type { AnyJson } from "../anyJson";
import {
  checkChoice,
  checkExclusive,
  checkLimits,
  checkName,
  checkVariableNames,
  type Declared,
  declared,
  partOf,
  refuse,
} from "../checks";
import { type PushPoolDefinition, present } from "../definitions";
import { checkFederation, type Trust } from "../federation";
import { inPlaceOf } from "../inPlaceOf";
import { checkKeyRotation } from "../keyRotation";
import { checkPoolTemplate, withDefaults } from "../poolTemplate";
import { longestRunOf } from "../rotatingKeys";
import { blockNameOf, Credentials, Permissions, withSecretsMarked } from "../submitting";
import { ApiEnablement } from "./apiEnablement";
import { CLOUD_RUN_PUSH_POOL_ARGUMENTS, type CloudRunPushPoolArgs } from "./cloudRunPushPoolArgs";
import { checkAccount, checkMembers, placeOf } from "./gcpChecks";
import { gcpCredentials } from "./gcpCredentialsBlock";
import { ImageRepository } from "./imageRepository";
import { checkPoolImage, poolImage } from "./poolImage";
import { pushAccount } from "./pushServiceAccount";
import { NetworkAccess, RunNetwork } from "./runNetwork";
import { RuntimeSecrets } from "./runtimeSecrets";
import { runtimeAccount } from "./runtimeServiceAccount";
import { SubmitAccess } from "./submitAccess";
import { federatedAccount, googleTrust } from "./workloadIdentityFederation";

/** Pairs of arguments that decide the same thing. */
const EXCLUSIVE = [
  ["region", "jobVariables.region", "give the region once"],
  ["runtimeServiceAccount", "jobVariables.service_account_name", "give the account that runs act as once"],
  ["credentialsBlock", "credentials", "the existing block has its own credentials"],
  ["credentialsBlock", "federation", "the existing block has its own credentials"],
  ["credentialsBlock", "serviceAccount", "the existing block has its own service account"],
  ["credentialsBlock", "keyRotation", "pushpool does not change the key of an existing block"],
  ["prefectApiKey", "jobVariables.prefect_api_key_secret", "give the key, or the secret that holds it"],
  ["cloudSqlInstances", "jobVariables.cloudsql_instances", "give the instances once"],
  ["image", "jobVariables.image", "the pool builds an image, or uses an existing one"],
  ["image.repository", "imageRepository", "the pool makes a repository, or uses an existing one"],
  ["network", "subnetwork", "the pool makes a network, or uses an existing one"],
  ["network", "jobVariables.vpc_connector_name", "the pool makes a network, or uses an existing connector"],
  ["subnetwork", "jobVariables.vpc_connector_name", "runs use a subnetwork, or a connector"],
] as const;

/**
 * A push work pool of type `cloud-run-v2:push`. Its runs are executions of Cloud Run jobs.
 *
 * ```ts
 * const etl = new CloudRunPushPool("etl", { project: "acme", region: "europe-west1", jobVariables: { image: "…/etl:1.2", memory: "1Gi" } });
 * ```
 */
export class CloudRunPushPool extends pulumi.ComponentResource {
  /**
   * Name of the work pool.
   */
  readonly workPoolName: pulumi.Output<string>;
  /**
   * E-mail of the service account of runs. Give it the permissions that flows need.
   */
  readonly runtimeServiceAccount: pulumi.Output<string>;
  /**
   * E-mail of the service account that submits runs. Absent with ambient credentials, and with an existing block.
   */
  readonly pushServiceAccount: pulumi.Output<string> | undefined;
  /**
   * The prefix of the images' names, if a repository was requested, or made for the image.
   */
  readonly imageRepository: pulumi.Output<string> | undefined;
  /**
   * The name and digest of the image that was built, if one was requested. For triggers of a FlowRun.
   */
  readonly image: pulumi.Output<string> | undefined;
  /**
   * The value for manifest().
   */
  readonly definition: PushPoolDefinition;

  constructor(name: string, args: CloudRunPushPoolArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const of = declared("CloudRunPushPool", name, args, CLOUD_RUN_PUSH_POOL_ARGUMENTS);
    const project = placeOf("project", args.project, of);
    const { workPoolName = name, jobVariables = {}, isPaused, concurrencyLimit, queues, timeoutSeconds, labels, endpoints } = args;
    checkExclusive(args, EXCLUSIVE, of);
    const region = jobVariables.region ?? placeOf("region", args.region, of);
    checkName("workPoolName", workPoolName, of);
    checkLimits(args, of);
    const trust = checkCredentials(args, of);
    checkMembers("submitters", args.submitters, of);
    checkVariableNames("secretEnv", args.secretEnv, of);
    checkAccount("runtimeServiceAccount", args.runtimeServiceAccount, project, of);
    checkAccount("jobVariables.service_account_name", jobVariables.service_account_name, project, of);
    checkAccount("serviceAccount", args.serviceAccount, project, of);
    checkChoice("network", args.network, NetworkAccess, of);
    const template = args.baseJobTemplate ?? defaultTemplate("cloud-run-v2:push");
    checkPoolTemplate(template, jobVariables, of);
    if (args.subnetwork !== undefined || args.network === NetworkAccess.Direct) checkPlaceOfSubnetwork(template, of);
    checkPoolImage(args.image, of);
    super("pushpool:index:CloudRunPushPool", name, withSecretsMarked(args), opts);
    const first = partOf(this, opts);
    const apis = args.enableApis ? new ApiEnablement(`${name}-apis`, { project, apis: apisFor(args) }, first) : undefined;
    const options = apis ? { ...first, dependsOn: [apis] } : first;

    const runtime: pulumi.Input<string> =
      args.runtimeServiceAccount ??
      jobVariables.service_account_name ??
      runtimeAccount(`${name}-run`, { project }, inPlaceOf("RuntimeServiceAccount", `${name}-run`, options)).email;
    const { block, push } = this.#credentials(name, { ...args, trust }, project, runtime, options);
    const network = args.network && new RunNetwork(`${name}-network`, { project, region, access: args.network }, options);
    const images = makesRepository(args) ? new ImageRepository(`${name}-images`, { project, region }, options) : undefined;
    this.image = args.image && poolImage(name, args.image, images, options, of);
    const variables = {
      region,
      service_account_name: runtime,
      ...this.#reached(name, args, project, runtime, options),
      ...(network?.connectorId ? { vpc_connector_name: network.connectorId } : {}),
      ...present({ image: this.image }),
      ...without(jobVariables, args.secretEnv ? ["env_from_secrets"] : []),
    };
    const subnetwork = network?.subnetworkId ?? args.subnetwork;
    const baseJobTemplate = withDefaults(subnetwork === undefined ? template : inSubnetwork(template, subnetwork), variables);

    this.workPoolName = pulumi.output(workPoolName);
    this.runtimeServiceAccount = pulumi.output(runtime);
    this.pushServiceAccount = push?.email;
    this.imageRepository = images?.url;
    this.definition = {
      name: workPoolName,
      pool: present({
        type: "cloud-run-v2:push",
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
      runtimeServiceAccount: this.runtimeServiceAccount,
      pushServiceAccount: this.pushServiceAccount,
      imageRepository: this.imageRepository,
      image: this.image,
    });
  }

  /** The credentials block, with its service account, and the access of those who submit with their own login. */
  #credentials(
    name: string,
    args: CloudRunPushPoolArgs & { trust: Trust | undefined },
    project: pulumi.Input<string>,
    runtimeServiceAccount: pulumi.Input<string>,
    options: pulumi.ComponentResourceOptions,
  ): { block?: ReturnType<typeof gcpCredentials>; push?: { email: pulumi.Output<string> } } {
    const { credentials = Credentials.Key, credentialsBlock, serviceAccount, permissions, logAccess, submitters } = args;
    const { workPoolName = name, trust, keyRotation, timeoutSeconds, endpoints } = args;
    const access = { project, runtimeServiceAccount, permissions, logAccess };
    if (submitters?.length) new SubmitAccess(`${name}-submitters`, { ...access, members: submitters }, options);
    if (credentialsBlock !== undefined) return {};
    const blockArgs = { project, blockName: blockNameOf(workPoolName) };
    // Without a key, the block still has the project, which a login does not always know.
    if (credentials === Credentials.Ambient) return { block: gcpCredentials(blockArgs) };
    if (trust) {
      const push = federatedAccount(`${name}-push`, { ...access, serviceAccount, trust, ...(endpoints ? { endpoints } : {}) }, options);
      return { push, block: gcpCredentials({ ...blockArgs, federation: push.federation, keyCreatedAt: push.createdAt }) };
    }
    const rotation = keyRotation && {
      every: keyRotation,
      workPoolName,
      blockKey: `gcp-credentials/${blockArgs.blockName}`,
      longestRun: longestRunOf(timeoutSeconds),
      service: endpoints?.token ?? "https://oauth2.googleapis.com/token",
      listing: endpoints?.iam ?? "https://iam.googleapis.com",
    };
    const place = inPlaceOf("PushServiceAccount", `${name}-push`, options);
    const push = pushAccount(`${name}-push`, { ...access, serviceAccount }, place, rotation);
    const { email: _, key: serviceAccountInfo, ...key } = push;
    return { push, block: gcpCredentials({ ...blockArgs, ...key, serviceAccountInfo }) };
  }

  /** The job variables for secrets and databases of runs. Also grants the service account of runs access to them. */
  #reached(
    name: string,
    { secretEnv, prefectApiKey, cloudSqlInstances, jobVariables }: CloudRunPushPoolArgs,
    project: pulumi.Input<string>,
    runtimeServiceAccount: pulumi.Input<string>,
    options: pulumi.CustomResourceOptions,
  ): Record<string, AnyJson> {
    const variables: Record<string, AnyJson> = {};
    const values = { ...secretEnv, ...(prefectApiKey === undefined ? {} : { PREFECT_API_KEY: prefectApiKey }) };
    if (Object.keys(values).length > 0) {
      const { references } = new RuntimeSecrets(`${name}-secrets`, { project, runtimeServiceAccount, values }, options);
      const { PREFECT_API_KEY: key, ...rest } = references;
      if (prefectApiKey !== undefined) variables.prefect_api_key_secret = key;
      if (secretEnv) variables.env_from_secrets = { ...rest, ...jobVariables?.env_from_secrets };
    }
    if (cloudSqlInstances?.length) {
      const member = pulumi.interpolate`serviceAccount:${runtimeServiceAccount}`;
      new IAMMember(`${name}-cloudsql`, { project, role: "roles/cloudsql.client", member }, options);
      variables.cloudsql_instances = cloudSqlInstances;
    }
    return variables;
  }
}

/** @returns whom the pool trusts, with federated credentials */
function checkCredentials(args: CloudRunPushPoolArgs, of: Declared): Trust | undefined {
  const { credentials, credentialsBlock, permissions, serviceAccount } = args;
  checkChoice("credentials", credentials, Credentials, of);
  checkKeyRotation(args, of);
  checkChoice("permissions", permissions, Permissions, of);
  if (credentialsBlock !== undefined && !/^gcp-credentials\/[^/%&<>]+$/.test(credentialsBlock))
    refuse(`credentialsBlock "${credentialsBlock}" must name a block of type gcp-credentials, such as gcp-credentials/etl`, of);
  if (args.secretEnv?.PREFECT_API_KEY !== undefined)
    refuse("secretEnv.PREFECT_API_KEY is not allowed: use the argument prefectApiKey instead", of);
  if (credentials === Credentials.Ambient && serviceAccount !== undefined)
    refuse("credentials ambient and serviceAccount cannot both be given: ambient makes no key. List the account in submitters instead", of);
  return checkFederation(args, googleTrust, of);
}

/** An image that the pool builds needs a repository. */
function makesRepository({ imageRepository, image }: CloudRunPushPoolArgs): boolean {
  return imageRepository === true || (image !== undefined && image.repository === undefined);
}

/** The APIs for the optional parts. */
function apisFor(args: CloudRunPushPoolArgs): string[] {
  const { secretEnv, prefectApiKey, network, cloudSqlInstances, credentials } = args;
  const apis = [
    ...(credentials === Credentials.Federated ? ["sts", "iamcredentials"] : []),
    ...(secretEnv || prefectApiKey !== undefined ? ["secretmanager"] : []),
    ...(network ? ["compute"] : []),
    ...(network === NetworkAccess.Connector ? ["vpcaccess"] : []),
    ...(makesRepository(args) ? ["artifactregistry"] : []),
    ...(cloudSqlInstances?.length ? ["sqladmin"] : []),
  ];
  return apis.map((api) => `${api}.googleapis.com`);
}

/** @throws {pulumi.RunError} if the template has no task, which {@link inSubnetwork} needs */
function checkPlaceOfSubnetwork(template: Record<string, AnyJson>, of: Declared): void {
  const task = template.job_configuration?.job_body?.template?.template;
  if (typeof task !== "object" || task === null)
    refuse("baseJobTemplate.job_configuration.job_body.template.template is missing: the pool writes the subnetwork of runs there", of);
}

/** Prefect's template has a variable only for connectors. So the subnetwork goes into the job itself. */
function inSubnetwork(template: Record<string, AnyJson>, subnetwork: pulumi.Input<string>): Record<string, AnyJson> {
  const job = template.job_configuration;
  const body = job?.job_body;
  const task = body?.template?.template;
  const vpcAccess = { networkInterfaces: [{ subnetwork }], egress: "PRIVATE_RANGES_ONLY" };
  const within = { ...body, template: { ...body.template, template: { ...task, vpcAccess } } };
  return { ...template, job_configuration: { ...job, job_body: within } };
}

function without(fields: Record<string, AnyJson>, names: readonly string[]): Record<string, AnyJson> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}
