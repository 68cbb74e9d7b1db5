import type { JsonObject } from "../../../json";
import { CloudError } from "../shared/exchange";
import type { FakeRegistry } from "../shared/fakeRegistry";
import type { World } from "./azureWorld";
import type { Principal } from "./directory";
import { loginServerOf, REGISTRY_TYPE, registryAt } from "./registryOperations";

/** How long a refresh token of a registry is valid, in milliseconds. */
const LIFETIME = 3 * 3_600_000;
/** The user name that goes with such a token. */
const BY_TOKEN = "00000000-0000-0000-0000-000000000000";

/** An error of a registry's own endpoints (https://azure.github.io/acr/AAD-OAuth.html). */
class RegistryError extends CloudError {
  constructor(status: number, code: string, message: string) {
    super(message, status, { errors: [{ code, message }] });
  }
}

/**
 * `/oauth2/exchange` of a registry: a refresh token for a token of Resource Manager.
 * @param principalOf finds whose a token is, and throws if it is not valid
 * @throws {RegistryError}
 */
export function exchangeToken(
  world: World,
  form: Readonly<Record<string, string>>,
  principalOf: (token: string) => Principal,
): { body: JsonObject; caller: string } {
  const { grant_type: grant, service = "", tenant, access_token: token = "" } = form;
  if (grant !== "access_token") throw new RegistryError(400, "UNSUPPORTED", `the grant type '${grant}' is not supported`);
  if (registryAt(world, service) === undefined) throw new RegistryError(404, "NAME_UNKNOWN", `the registry '${service}' does not exist`);
  const refused = new RegistryError(
    401,
    "UNAUTHORIZED",
    "authentication required, visit https://aka.ms/acr/authorization for more information.",
  );
  if (tenant !== world.options.tenant) throw refused;
  let principal: Principal;
  try {
    principal = principalOf(token);
  } catch {
    throw refused;
  }
  const given = world.registryTokens.give({ principal: { ...principal, service }, until: Date.now() + LIFETIME });
  return { body: { refresh_token: given }, caller: principal.objectId };
}

/** The actions that docker's calls need. */
const ACTIONS = {
  pull: `${REGISTRY_TYPE}/pull/read`,
  push: `${REGISTRY_TYPE}/push/write`,
  delete: `${REGISTRY_TYPE}/artifacts/delete`,
} as const;

/** The registries of the subscription. */
export function azureRegistry(world: World): FakeRegistry {
  return {
    images: world.registry,
    serves: (repository) => registryAt(world, loginServerOf(repository)) !== undefined,
    refusal: async (action, repository, login) => {
      const server = loginServerOf(repository);
      const given = login?.username === BY_TOKEN ? world.registryTokens.find(login.password) : undefined;
      const registry = registryAt(world, server);
      const isKnown = given !== undefined && given.until > Date.now() && given.principal.service === server;
      if (registry === undefined || !isKnown)
        return "unauthorized: authentication required, visit https://aka.ms/acr/authorization for more information.";
      return world.access.allows(given.principal, ACTIONS[action], registry)
        ? undefined
        : "denied: requested access to the resource is denied";
    },
  };
}
