import { isJsonObject } from "../../../json";
import { words } from "../shared/words";
import type { Answer, Call, Operation } from "./api";
import { ArmError, gatewayError, resourceGroupNotFound } from "./azureErrors";
import type { Throttle } from "./throttle";

/** API versions of a provider that this fake knows. */
const VERSIONS: Record<string, readonly string[]> = {
  "Microsoft.ContainerInstance": words(`
    2017-08-01-preview 2017-10-01-preview 2017-12-01-preview 2018-02-01-preview 2018-04-01 2018-06-01
    2018-07-01 2018-09-01 2018-10-01 2019-12-01 2020-11-01 2021-03-01 2021-07-01 2021-09-01 2021-10-01
    2022-04-01-preview 2022-09-01 2022-10-01-preview 2023-02-01-preview 2023-05-01 2023-05-15-preview
    2024-05-01-preview 2024-09-01-preview 2024-10-01-preview 2024-11-01-preview 2025-09-01 2026-07-01
  `),
};

/** Providers that need no registration. */
const ALWAYS = new Set(["Microsoft.Resources", "Microsoft.Authorization"]);

/**
 * What Resource Manager checks before a provider gets a call: API version, subscription, limits, permission, resource group,
 * registration and locks.
 * @returns headers of the answer
 * @throws {ArmError} in Azure's words
 */
function admit({ action, verb, scopeOf }: Operation, call: Call, throttle: Throttle): Record<string, string> {
  const { world, caller, path: parts, query } = call;
  const { subscription = "", resourceGroup, scope = "" } = parts;
  const [namespace = ""] = action.split("/");
  // Registrations are Resource Manager's own, whatever the provider.
  const registers = action.endsWith("/register/action");
  checkVersion(registers ? "Microsoft.Resources" : namespace, action, query.get("api-version"));
  if (subscription !== "" && subscription.toLowerCase() !== world.options.subscription.toLowerCase())
    throw gatewayError(404, "SubscriptionNotFound", `The subscription '${subscription}' could not be found.`);
  const kind = verb === "GET" || verb === "HEAD" ? "reads" : verb === "DELETE" ? "deletes" : "writes";
  if (kind !== "reads" && world.disabled) {
    throw gatewayError(
      409,
      "ReadOnlyDisabledSubscription",
      `The subscription '${subscription}' is disabled and therefore marked as read only. You cannot perform any write actions on this subscription until it is re-enabled.`,
    );
  }
  const headers = throttle.take(kind, verb, subscription, caller.objectId);
  world.access.demand(caller, action, scopeOf?.(call) ?? scope);
  const home = resourceGroup === undefined ? undefined : world.resourceGroups.get(resourceGroup.toLowerCase());
  const ofGroupItself = /\/resourceGroups\/[^/]+$/i.test(scope) && namespace === "Microsoft.Resources";
  if (resourceGroup !== undefined && !home && !ofGroupItself) throw resourceGroupNotFound(resourceGroup);
  if (kind === "writes" && home?.deleting) {
    throw gatewayError(
      409,
      "ResourceGroupBeingDeleted",
      `The resource group '${home.name}' is in deprovisioning state and cannot perform this operation.`,
    );
  }
  if (kind !== "reads" && !ALWAYS.has(namespace) && !registers && world.providers.get(namespace) !== true) throw unregistered(namespace);
  if (kind !== "reads") checkLocks(call, kind);
  if (kind === "writes") checkTags(call);
  if (verb === "PUT") checkPolicies(call);
  if (action.startsWith("Microsoft.ContainerInstance/containerGroups/") && (verb === "PUT" || verb === "DELETE")) {
    const location = String(call.body.location ?? world.groups.get(scope.toLowerCase())?.spec.location ?? "").toLowerCase();
    Object.assign(headers, throttle.takeGroup(action, subscription, location));
  }
  return headers;
}

function checkVersion(namespace: string, action: string, version: string | null): void {
  if (version === null)
    throw gatewayError(400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.");
  if (!/^\d{4}-\d{2}-\d{2}(-preview)?$/.test(version))
    throw gatewayError(
      400,
      "InvalidApiVersionParameter",
      `The api-version '${version}' is invalid. The supported versions are '${(VERSIONS["Microsoft.ContainerInstance"] ?? []).join(",")}'.`,
    );
  const known = VERSIONS[namespace];
  if (!known || known.includes(version)) return;
  const [, type = ""] = action.split("/");
  throw gatewayError(
    400,
    "InvalidResourceType",
    `The resource type '${type}' could not be found in the namespace '${namespace}' for api version '${version}'. The supported api-versions are '${known.join(",")}'.`,
  );
}

function unregistered(namespace: string) {
  const code = "MissingSubscriptionRegistration";
  const message = `The subscription is not registered to use namespace '${namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions.`;
  return gatewayError(409, code, message, { details: [{ code, target: namespace, message }] });
}

function checkLocks({ world, path: { scope = "" } }: Call, kind: "writes" | "deletes"): void {
  const locks = world.locks.filter(
    (lock) => (lock.level === "ReadOnly" || kind === "deletes") && `${scope.toLowerCase()}/`.startsWith(`${lock.scope.toLowerCase()}/`),
  );
  if (locks.length === 0) return;
  const what = kind === "deletes" ? "delete" : "write";
  throw gatewayError(
    409,
    "ScopeLocked",
    `The scope '${scope}' cannot perform ${what} operation because following scope(s) are locked: '${locks.map((lock) => lock.scope).join(",")}'. Please remove the lock and try again.`,
  );
}

const MAX_TAGS = 50;
const TAG_LENGTHS = { name: 512, value: 256 };

/** Tags are Resource Manager's own, whatever they are put on. */
function checkTags({ body: { tags } }: Call): void {
  if (!isJsonObject(tags)) return;
  const names = Object.keys(tags);
  const bad = (code: string, message: string) => gatewayError(400, code, message);
  if (names.length > MAX_TAGS)
    throw bad("InvalidTagCount", `The number of tags '${names.length}' is over the limit. The maximum number of tags is '${MAX_TAGS}'.`);
  const reserved = names.filter((name) => /[<>%&\\?/]|\p{Cc}/u.test(name));
  if (reserved.length > 0) {
    throw bad(
      "InvalidTagNameCharacters",
      `The tag names '${reserved.join(",")}' have reserved characters '<,>,%,&,\\,?,/' or control characters.`,
    );
  }
  const long = names.find((name) => name.length > TAG_LENGTHS.name);
  if (long !== undefined)
    throw bad("InvalidTagNameLength", `The tag name '${long}' is too long. The maximum length is '${TAG_LENGTHS.name}' characters.`);
  const over = names.find((name) => String(tags[name]).length > TAG_LENGTHS.value);
  if (over !== undefined)
    throw bad(
      "InvalidTagValueLength",
      `The value of the tag '${over}' is too long. The maximum length is '${TAG_LENGTHS.value}' characters.`,
    );
}

function checkPolicies({ world, path: { scope = "" }, body }: Call): void {
  const policy = world.policies.find((each) => scope.toLowerCase().startsWith(`${each.scope.toLowerCase()}/`) && each.denies(body));
  if (!policy) return;
  const id = `${policy.scope}/providers/Microsoft.Authorization/policyAssignments/${policy.name}`;
  const definition = `/providers/Microsoft.Authorization/policyDefinitions/${policy.name}`;
  const identifiers = [{ policyAssignment: { name: policy.name, id }, policyDefinition: { name: policy.name, id: definition } }];
  const name = scope.slice(scope.lastIndexOf("/") + 1);
  throw gatewayError(
    403,
    "RequestDisallowedByPolicy",
    `Resource '${name}' was disallowed by policy. Policy identifiers: '${JSON.stringify(identifiers)}'.`,
    {
      target: name,
      additionalInfo: [
        {
          type: "PolicyViolation",
          info: {
            policyAssignmentId: id,
            policyAssignmentName: policy.name,
            policyDefinitionId: definition,
            policyDefinitionEffect: "deny",
          },
        },
      ],
    },
  );
}

/** Answer a call that Resource Manager has let in: what is left of its limits, errors say too. */
export function answered(operation: Operation, call: Call, throttle: Throttle): Answer {
  const headers = admit(operation, call, throttle);
  try {
    const answer = operation.handle(call);
    return { ...answer, headers: { ...headers, ...answer.headers } };
  } catch (error) {
    if (error instanceof ArmError) Object.assign(error.headers, headers);
    throw error;
  }
}
