import type { STSClientConfig } from "@aws-sdk/client-sts";
import type { JsonObject } from "../../json";
import type { Federation } from "../../model/federation";
import { CloudFailure, mayPass } from "../cloud/failure";
import { type Explanation, IdentityTokens } from "../cloud/identityToken";
import { optionalPackage } from "../cloud/optionalPackage";
import { asFailure } from "./awsFailures";

/** Temporary credentials of a role. */
export interface SessionCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: Date;
}

/** A role that submits, and how this process becomes it. */
export interface RoleLogin {
  roleArn: string;
  /** The credentials of the role, from memory until shortly before they end; several callers share one request. @throws {CloudFailure} */
  credentials(): Promise<SessionCredentials>;
  /** After AWS refused them before their end: new ones. @param used the refused ones, so that several callers ask once */
  renew(used: SessionCredentials): Promise<void>;
}

/** What {@link roleLogin} needs. */
export interface RoleRequest {
  roleArn: string;
  /** Work pool name. */
  pool: string;
  source: { project: string; stack: string };
  region: string | undefined;
  env: NodeJS.ProcessEnv;
  /** Absent: the base credentials assume the role. */
  federation?: Federation;
  /** The configuration of the client of STS, with the base credentials. */
  options: STSClientConfig;
  /** Prefect's `assume_role_kwargs`: the other parameters of AssumeRole. */
  more: JsonObject;
}

/** How long before their end credentials are replaced, in milliseconds. */
const EARLY = 300_000;

/** Assume a role with an identity token, or with other credentials. */
export function roleLogin(request: RoleRequest): RoleLogin {
  const { roleArn, pool, federation, env } = request;
  const tokens = federation && new IdentityTokens({ pool, federation, env, fileVariable: "AWS_WEB_IDENTITY_TOKEN_FILE" });
  let known: Promise<SessionCredentials> | undefined;

  const begin = (): Promise<SessionCredentials> => {
    const beginning = session(request, tokens);
    known = beginning;
    beginning.catch(() => {
      if (known === beginning) known = undefined;
    });
    return beginning;
  };
  return {
    roleArn,
    credentials: async () => {
      const current = known && (await known.catch(() => undefined));
      if (current && current.expiration.getTime() - EARLY > Date.now()) return current;
      // Another caller may have begun in the meantime.
      const newer = known && (await known.catch(() => undefined));
      return newer && newer !== current ? newer : begin();
    },
    renew: async (used) => {
      if (known && (await known.catch(() => undefined)) === used) await begin();
    },
  };
}

async function session(request: RoleRequest, tokens: IdentityTokens | undefined): Promise<SessionCredentials> {
  const { roleArn, federation, options, region, more } = request;
  const sts = await optionalPackage(
    () => import("@aws-sdk/client-sts"),
    "a role on AWS needs a package that is not installed: npm install @aws-sdk/client-sts",
  );
  const name = { RoleArn: roleArn, RoleSessionName: sessionName(request) };
  const withToken = tokens !== undefined && (tokens.available || !federation?.ownLogin);
  try {
    // A token is not signed with credentials, so none are looked for.
    const client = new sts.STSClient({ ...options, region: region ?? "us-east-1" });
    const reply = withToken
      ? await client.send(new sts.AssumeRoleWithWebIdentityCommand({ ...name, ...lengthOf(more), WebIdentityToken: await tokens.get() }))
      : await client.send(new sts.AssumeRoleCommand({ ...name, ...more }));
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = reply.Credentials ?? {};
    if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration)
      throw new CloudFailure("unclear", "STS returned no credentials for the role");
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken, expiration: Expiration };
  } catch (error) {
    if (error instanceof Error && error.name === "UserError") throw error;
    const failure = asFailure(error);
    if (mayPass(failure)) throw failure;
    const why: Explanation = withToken ? tokens.explanation() : { advice: adviceToCaller(request) };
    throw new CloudFailure(failure.kind, failure.message, { ...failure.details, ...why });
  }
}

/** The one parameter that both ways take. */
function lengthOf({ DurationSeconds }: JsonObject): { DurationSeconds?: number } {
  return typeof DurationSeconds === "number" ? { DurationSeconds } : {};
}

/** Who submits, for CloudTrail: at most 64 letters, digits and `+=,.@-_`. */
function sessionName({ source, pool, more }: RoleRequest): string {
  if (typeof more.RoleSessionName === "string") return more.RoleSessionName;
  return `pushpool-${source.project}-${source.stack}-${pool}`.replaceAll(/[^\w+=,.@-]/g, "-").slice(0, 64);
}

function adviceToCaller({ roleArn, federation, pool }: RoleRequest): string {
  if (federation)
    return `. Your own login assumes ${roleArn} here: it must be among federation.logins of work pool "${pool}", or there must be an identity token`;
  return `. The trust policy of ${roleArn} must name these credentials, and they need sts:AssumeRole on it`;
}
