import type { ECSClientConfig } from "@aws-sdk/client-ecs";
import type { JsonObject, Value, ValueObject } from "../../json";
import { UserError } from "../../userError";
import { CALL_TIMEOUT } from "../cloud/calls";
import { optionalPackage } from "../cloud/optionalPackage";
import { checkServices, createdAtOf, plainAt, plainTextAt, urlAt } from "../cloud/poolAccess";
import type { PoolAccess } from "../target";
import { type RoleLogin, roleLogin } from "./awsLogin";

const SERVICES = ["ecs", "logs", "ssm", "sts"] as const;
type Service = (typeof SERVICES)[number];

interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

const nothing = () => {};
/** Without `info`, the SDK does not copy each request and reply for a log that nobody reads. */
const NO_LOG = { trace: nothing, debug: nothing, warn: nothing, error: nothing } as unknown as NonNullable<ECSClientConfig["logger"]>;

/** How the SDK's clients send. pushpool retries itself: it knows the buckets that all processes share. */
const SENDING = {
  maxAttempts: 1,
  // Nothing changes a client's middleware after its first call.
  cacheMiddleware: true,
  logger: NO_LOG,
  requestHandler: {
    // Without the second one, the SDK would only log that the first one is over.
    requestTimeout: CALL_TIMEOUT,
    throwOnRequestTimeout: true,
    // For a reply that stops in the middle.
    socketTimeout: CALL_TIMEOUT,
    connectionTimeout: 5_000,
    httpAgent: { maxSockets: 50 },
    httpsAgent: { maxSockets: 50 },
  },
};

/** The AWS account of a pool's runs, and the credentials for it. */
export interface Access {
  pool: string;
  /** Absent: nothing here sets it. */
  region?: string;
  /** The id of the pool's key; absent: the caller's own login. */
  accessKeyId?: string;
  /** When the credentials were created, in milliseconds; absent: long ago. */
  createdAt?: number;
  /** The secret of the pool's own key, for digests only. Absent with another login, and with temporary credentials. */
  secretKey?: string;
  /** The role as which calls are made. Absent: as the key or the login itself. */
  role?: RoleLogin;
  /** The owner of the buckets and definitions, for notes. Not secret. */
  place: string;
  /** The configuration of the SDK's clients. */
  options(service: Service): {
    credentials?: Credentials | (() => Promise<Credentials>);
    profile?: string;
    endpoint?: string;
  } & typeof SENDING;
}

/**
 * Read what a pool's definition says about its cloud.
 * @throws {UserError} naming what cannot be used
 */
export function accessOf(pool: PoolAccess, env: NodeJS.ProcessEnv): Access {
  const { block, data = {} } = pool.credentials ?? {};
  const at = `blocks.${block}.data`;
  checkServices(pool, SERVICES, "an ecs:push");
  // With the caller's own login the block only gives the region, so its secrets need not be readable.
  const login: ValueObject = pool.ambient ? {} : data;
  const accessKeyId = plainTextAt(login.aws_access_key_id, `${at}.aws_access_key_id`);
  const secretAccessKey = plainTextAt(login.aws_secret_access_key, `${at}.aws_secret_access_key`);
  const sessionToken = plainTextAt(login.aws_session_token, `${at}.aws_session_token`);
  const profile = plainTextAt(login.profile_name, `${at}.profile_name`);
  const federation = pool.ambient ? undefined : pool.credentials?.federation;
  const roleArn = federation?.actsAs ?? plainTextAt(login.assume_role_arn, `${at}.assume_role_arn`);
  if (roleArn !== undefined && !/^arn:[^:]+:iam::\d{12}:role\/.+$/.test(roleArn))
    throw new UserError(`${at}.assume_role_arn: "${roleArn}" must be the ARN of a role, such as arn:aws:iam::123456789012:role/submit`);
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
    throw new UserError(`${at}: needs both aws_access_key_id and aws_secret_access_key, or neither`);
  const region = plainTextAt(data.region_name, `${at}.region_name`) ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  if (region !== undefined && !/^[a-z]{2,4}(-[a-z]+)+-\d+$/.test(region))
    throw new UserError(`${at}.region_name: "${region}" is not an AWS region`);
  const { endpoint_url } = (data.aws_client_parameters ?? {}) as ValueObject;
  const everywhere = typeof endpoint_url === "string" && endpoint_url !== "" ? endpoint_url : undefined;
  for (const [service, url] of Object.entries(pool.endpoints)) urlAt(url, `pools.${pool.name}.endpoints.${service}`);
  if (everywhere !== undefined) urlAt(everywhere, `${at}.aws_client_parameters.endpoint_url`);
  const own = (service: Service) => {
    const endpoint = pool.endpoints[service] ?? everywhere;
    return {
      ...SENDING,
      ...(accessKeyId !== undefined && secretAccessKey !== undefined
        ? { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } }
        : {}),
      ...(profile === undefined ? {} : { profile }),
      ...(endpoint === undefined ? {} : { endpoint }),
    };
  };
  const role =
    roleArn === undefined
      ? undefined
      : roleLogin({
          ...{ roleArn, pool: pool.name, source: pool.source, region, env },
          ...(federation ? { federation } : {}),
          options: own("sts"),
          more: roleParameters(login.assume_role_kwargs, `${at}.assume_role_kwargs`),
        });
  return {
    pool: pool.name,
    ...(region === undefined ? {} : { region }),
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
    ...(role ? { role } : {}),
    ...(secretAccessKey === undefined || sessionToken !== undefined ? {} : { secretKey: secretAccessKey }),
    ...createdAtOf(pool),
    place: `${roleArn ?? accessKeyId ?? profile ?? "own"}/${region ?? ""}`,
    options: (service) => {
      const { credentials, profile: _, ...rest } = own(service);
      if (!role) return own(service);
      // The SDK must not keep them in its own memory: they may have to be replaced before their end.
      return { ...rest, credentials: Object.assign(() => role.credentials(), { memoized: true }) };
    },
  };
}

/** The parameters of AssumeRole that Prefect's block knows. */
const ROLE_PARAMETERS = [
  ...["RoleSessionName", "DurationSeconds", "Policy", "PolicyArns", "Tags", "TransitiveTagKeys", "ExternalId"],
  ...["SerialNumber", "TokenCode", "SourceIdentity", "ProvidedContexts"],
];

function roleParameters(given: Value | undefined, path: string): JsonObject {
  if (given === undefined || given === null) return {};
  const plain = plainAt(given, path);
  if (typeof plain !== "object" || plain === null || Array.isArray(plain)) throw new UserError(`${path}: must be an object`);
  const set = Object.entries(plain).filter(([, value]) => value !== null);
  const unknown = set.find(([name]) => !ROLE_PARAMETERS.includes(name));
  if (unknown) throw new UserError(`${path}.${unknown[0]}: is not a parameter of AssumeRole: it has ${ROLE_PARAMETERS.join(", ")}`);
  return Object.fromEntries(set.map(([name, value]) => [name, plainAt(value, `${path}.${name}`)])) as JsonObject;
}

/** A package that only these pools need. @throws {UserError} with the command that installs it */
export function loaded<T>(load: () => Promise<T>): Promise<T> {
  return optionalPackage(
    load,
    "runs on AWS ECS need packages that are not installed: npm install @aws-sdk/client-ecs @aws-sdk/client-cloudwatch-logs @aws-sdk/client-ssm",
  );
}
