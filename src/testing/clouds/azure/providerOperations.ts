import type { JsonObject } from "../../../json";
import { type Operation, path } from "./api";
import { ACI_REGIONS } from "./azureRegions";
import type { World } from "./azureWorld";

/** The first-party applications that act for a provider, with their roles; each provider names its own. */
const AUTHORIZATIONS: Record<string, JsonObject[]> = {
  "Microsoft.ContainerInstance": [
    { applicationId: "6bb8e274-af5d-4df2-98a3-4fd78b4cafd9", roleDefinitionId: "3c60422b-a83a-428d-9830-22609c77aa6c" },
    { applicationId: "63ea3c01-7483-456e-8073-d3fed34fbdda", roleDefinitionId: "bafbada8-7822-4049-a4d7-4a3f19fa394b" },
  ],
};

/** Providers that a subscription registers before it uses them. */
const NAMESPACES = [
  "Microsoft.ContainerInstance",
  "Microsoft.ManagedIdentity",
  "Microsoft.Network",
  "Microsoft.OperationalInsights",
  "Microsoft.ContainerRegistry",
];

/** Registrations of resource providers. */
export const PROVIDER_OPERATIONS: readonly Operation[] = NAMESPACES.flatMap((namespace): Operation[] => [
  {
    action: "Microsoft.Resources/subscriptions/providers/read",
    verb: "GET",
    pattern: path("{S}", `/providers/${namespace}`),
    handle: ({ world }) => ({ body: view(world, namespace) }),
  },
  {
    action: `${namespace}/register/action`,
    verb: "POST",
    pattern: path("{S}", `/providers/${namespace}/register`),
    handle: ({ world }) => {
      if (world.providers.get(namespace) === undefined) {
        world.providers.set(namespace, false);
        world.background.later(world.options.registration, () => world.providers.set(namespace, true));
      }
      return { body: view(world, namespace) };
    },
  },
]);

function view({ providers, options: { subscription } }: World, namespace: string): JsonObject {
  const registered = providers.get(namespace);
  return {
    id: `/subscriptions/${subscription}/providers/${namespace}`,
    namespace,
    authorizations: AUTHORIZATIONS[namespace] ?? [],
    resourceTypes:
      namespace === "Microsoft.ContainerInstance"
        ? [{ resourceType: "containerGroups", locations: [...ACI_REGIONS], apiVersions: [] }]
        : [],
    registrationState: registered === undefined ? "NotRegistered" : registered ? "Registered" : "Registering",
    registrationPolicy: "RegistrationRequired",
  };
}
