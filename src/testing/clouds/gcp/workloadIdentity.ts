import { evaluate, parse } from "@marcbachmann/cel-js";
import type { JsonObject } from "../../../json";
import { type IdentityFault, verifyIdentity } from "../shared/verifyIdentity";
import { GoogleError } from "./googleError";
import type { World } from "./googleWorld";

/** A provider of a workload identity pool. */
export interface IdentityProvider {
  /** `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER` */
  name: string;
  state: "ACTIVE" | "DELETED";
  disabled: boolean;
  displayName?: string;
  description?: string;
  attributeMapping: Record<string, string>;
  attributeCondition?: string;
  oidc: { issuerUri: string; allowedAudiences?: string[] };
}

/** A workload identity pool. A deleted one keeps its id for 30 days. */
export interface IdentityPool {
  name: string;
  state: "ACTIVE" | "DELETED";
  disabled: boolean;
  displayName?: string;
  description?: string;
  providers: Map<string, IdentityProvider>;
}

/** Issuers of which anyone can get tokens: Google refuses a provider for them whose condition names no claim. */
const PUBLIC_ISSUERS = ["https://token.actions.githubusercontent.com", "https://gitlab.com", "https://app.terraform.io"];

/** @throws {GoogleError} as Google's for what a provider must have */
export function checkProvider({ attributeMapping, attributeCondition, oidc }: IdentityProvider, issuers: object): void {
  const refuse = (message: string) => {
    throw new GoogleError("INVALID_ARGUMENT", message);
  };
  if (attributeMapping["google.subject"] === undefined) refuse("The attribute mapping must contain google.subject.");
  for (const [attribute, expression] of Object.entries(attributeMapping)) {
    if (!/^(google\.(subject|groups)|attribute\.[a-z0-9_]{1,100})$/.test(attribute))
      refuse(`Invalid attribute "${attribute}" in the attribute mapping.`);
    const wrong = faultOf(expression);
    if (wrong) refuse(`Error in the mapping of ${attribute}: ${wrong}`);
  }
  if (!oidc.issuerUri.startsWith("https://") && !Object.hasOwn(issuers, oidc.issuerUri) && !/^http:\/\/127\.0\.0\.1:/.test(oidc.issuerUri))
    refuse(`Invalid value for issuer_uri: "${oidc.issuerUri}". It must begin with https://.`);
  if ((oidc.allowedAudiences ?? []).length > 10) refuse("At most 10 allowed audiences can be specified.");
  const wrong = attributeCondition === undefined ? undefined : faultOf(attributeCondition);
  if (wrong) refuse(`Error in the attribute condition: ${wrong}`);
  if (PUBLIC_ISSUERS.includes(oidc.issuerUri) && !/\bassertion[.[]|\battribute\./.test(attributeCondition ?? ""))
    refuse(
      "The attribute condition must reference one of the provider's claims. For more information, see https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines#conditions",
    );
}

function faultOf(expression: string): string | undefined {
  try {
    parse(expression);
    return undefined;
  } catch (error) {
    return (error as Error).message.split("\n")[0];
  }
}

/** Whom Google takes a token's owner for: as IAM's bindings name them. */
export interface FederatedPrincipal {
  /** `principal://…/subject/…` */
  member: string;
  /** `principalSet://…` of their attributes and of the pool. */
  sets: string[];
}

/** An error of the token service, in the form of RFC 6749. */
export class StsError extends Error {
  constructor(
    readonly code: "invalid_grant" | "invalid_request" | "invalid_target" | "unauthorized_client",
    message: string,
  ) {
    super(message);
  }
}

/**
 * Exchange an identity token, as far as Google's token service checks it: audience and provider, signature, times, condition, mapping.
 * @param audience of the request: the provider's full name
 * @throws {StsError}
 */
export async function federatedPrincipal(world: World, audience: string, token: string): Promise<FederatedPrincipal> {
  const [, name = "", poolName = ""] =
    /^\/\/iam\.googleapis\.com\/((projects\/[0-9]+\/locations\/global\/workloadIdentityPools\/[^/]+)\/providers\/[^/]+)$/.exec(audience) ??
    [];
  if (name === "")
    throw new StsError(
      "invalid_request",
      'Invalid value for "audience". This value should be the full resource name of the Identity Provider. See https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.',
    );
  const pool = world.identityPools.get(poolName);
  const provider = pool?.providers.get(name);
  if (!pool || !provider || [pool, provider].some((each) => each.state === "DELETED" || each.disabled))
    throw new StsError(
      "invalid_target",
      'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.',
    );
  const identity = await verifyIdentity(token, world.options.issuers);
  if ("fault" in identity) throw new StsError("invalid_grant", wordsOf(identity));
  if (identity.iss !== provider.oidc.issuerUri)
    throw new StsError(
      "invalid_grant",
      `The issuer in ID Token ${identity.iss} does not match the expected ones: ${provider.oidc.issuerUri}.`,
    );
  const own = [`https:${audience}`, audience];
  const allowed = provider.oidc.allowedAudiences?.length ? provider.oidc.allowedAudiences : own;
  if (!identity.aud.some((each) => allowed.includes(each)))
    throw new StsError("invalid_grant", `The audience in ID Token [${identity.aud.join(", ")}] does not match the expected audience.`);
  const mapped = Object.entries(provider.attributeMapping).map(([attribute, expression]): [string, string] => {
    const value = evaluated(expression, { assertion: identity.claims });
    if (typeof value !== "string") throw new StsError("invalid_grant", `The mapped attribute '${attribute}' must be of type STRING.`);
    return [attribute, value];
  });
  const subject = mapped.find(([attribute]) => attribute === "google.subject")?.[1] ?? "";
  if (subject === "" || Buffer.byteLength(subject) > 127)
    throw new StsError("invalid_grant", "The size of mapped attribute google.subject exceeds the 127 bytes limit or is empty.");
  const attributes = mapped.filter(([attribute]) => attribute.startsWith("attribute."));
  if (provider.attributeCondition !== undefined) {
    const attribute = Object.fromEntries(attributes.map(([path, value]) => [path.slice("attribute.".length), value]));
    if (evaluated(provider.attributeCondition, { assertion: identity.claims, google: { subject }, attribute }) !== true)
      throw new StsError("unauthorized_client", "The given credential is rejected by the attribute condition.");
  }
  const of = `iam.googleapis.com/${poolName}`;
  return {
    member: `principal://${of}/subject/${subject}`,
    sets: [`principalSet://${of}/*`, ...attributes.map(([path, value]) => `principalSet://${of}/${path}/${value}`)],
  };
}

/** @returns `undefined` if it cannot be evaluated, for example because a claim is absent */
function evaluated(expression: string, context: Record<string, unknown>): unknown {
  try {
    return evaluate(expression, context);
  } catch {
    return undefined;
  }
}

function wordsOf(fault: IdentityFault): string {
  switch (fault.fault) {
    case "malformed":
      return "Unable to parse the ID Token.";
    case "expired":
      return `ID Token issued at ${fault.exp - 300} is stale to sign-in.`;
    case "notYet":
      return "ID Token is not valid yet.";
    case "unreachable":
      return "Error connecting to the given credential's issuer.";
    case "unknownKey":
    case "signature":
      return "The signature of the given ID Token cannot be verified with the keys of its issuer.";
  }
}

/** For display. */
export function shownPool({ providers: _, ...pool }: IdentityPool): JsonObject {
  return { ...pool };
}
