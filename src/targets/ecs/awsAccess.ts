import type { ValueObject } from "../../json";
import { UserError } from "../../userError";
import { optionalPackage } from "../cloud/optionalPackage";
import { checkServices, createdAtOf, plainTextAt, urlAt } from "../cloud/poolAccess";
import type { PoolAccess } from "../target";

const SERVICES = ["ecs", "logs", "ssm"] as const;
type Service = (typeof SERVICES)[number];

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
  /** Whose buckets and definitions these are, for notes. Not secret. */
  place: string;
  /** The configuration of the SDK's clients. */
  options(service: Service): {
    credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
    profile?: string;
    endpoint?: string;
  };
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
  if (plainTextAt(login.assume_role_arn, `${at}.assume_role_arn`) !== undefined)
    throw new UserError(`${at}.assume_role_arn: this version of pushpool cannot assume a role: give a profile_name that does`);
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
    throw new UserError(`${at}: needs both aws_access_key_id and aws_secret_access_key, or neither`);
  const region = plainTextAt(data.region_name, `${at}.region_name`) ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  if (region !== undefined && !/^[a-z]{2,4}(-[a-z]+)+-\d+$/.test(region))
    throw new UserError(`${at}.region_name: "${region}" is not an AWS region`);
  const { endpoint_url } = (data.aws_client_parameters ?? {}) as ValueObject;
  const everywhere = typeof endpoint_url === "string" && endpoint_url !== "" ? endpoint_url : undefined;
  for (const [service, url] of Object.entries(pool.endpoints)) urlAt(url, `pools.${pool.name}.endpoints.${service}`);
  if (everywhere !== undefined) urlAt(everywhere, `${at}.aws_client_parameters.endpoint_url`);
  return {
    pool: pool.name,
    ...(region === undefined ? {} : { region }),
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
    ...(secretAccessKey === undefined || sessionToken !== undefined ? {} : { secretKey: secretAccessKey }),
    ...createdAtOf(pool),
    place: `${accessKeyId ?? profile ?? "own"}/${region ?? ""}`,
    options: (service) => {
      const endpoint = pool.endpoints[service] ?? everywhere;
      return {
        ...(accessKeyId !== undefined && secretAccessKey !== undefined
          ? { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } }
          : {}),
        ...(profile === undefined ? {} : { profile }),
        ...(endpoint === undefined ? {} : { endpoint }),
      };
    },
  };
}

/** A package that only these pools need. @throws {UserError} with the command that installs it */
export function loaded<T>(load: () => Promise<T>): Promise<T> {
  return optionalPackage(
    load,
    "runs on AWS ECS need packages that are not installed: npm install @aws-sdk/client-ecs @aws-sdk/client-cloudwatch-logs @aws-sdk/client-ssm",
  );
}
