import { randomUUID } from "node:crypto";
import { ArmError } from "./azureErrors";
import type { Principal } from "./directory";

export interface RoleDefinition {
  /** A GUID. */
  name: string;
  roleName: string;
  builtIn: boolean;
  description: string | null;
  actions: readonly string[];
  notActions: readonly string[];
  assignableScopes: readonly string[];
  madeAt: number;
  effectiveAt: number;
  createdBy: string | null;
}

export interface RoleAssignment {
  /** A GUID. */
  name: string;
  scope: string;
  roleDefinitionId: string;
  principalId: string;
  principalType: string;
  description: string | null;
  madeAt: number;
  effectiveAt: number;
  createdBy: string | null;
}

function builtIn(name: string, roleName: string, actions: readonly string[], notActions: readonly string[] = []): RoleDefinition {
  return {
    name,
    roleName,
    builtIn: true,
    description: null,
    actions,
    notActions,
    assignableScopes: ["/"],
    madeAt: 0,
    effectiveAt: 0,
    createdBy: null,
  };
}

/** Azure's own roles: the permissions that this fake checks (the iam-dataset of 2026-08). */
const BUILT_IN: readonly RoleDefinition[] = [
  builtIn("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", ["*"]),
  builtIn(
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "Contributor",
    ["*"],
    [
      "Microsoft.Authorization/*/Delete",
      "Microsoft.Authorization/*/Write",
      "Microsoft.Authorization/elevateAccess/Action",
      "Microsoft.Blueprint/blueprintAssignments/write",
      "Microsoft.Blueprint/blueprintAssignments/delete",
      "Microsoft.Compute/galleries/share/action",
    ],
  ),
  builtIn("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", ["*/read"]),
  builtIn("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator", ["*/read", "Microsoft.Authorization/*"]),
  builtIn("5d977122-f97e-4b4d-a52f-6b43003ddb4d", "Azure Container Instances Contributor Role", [
    "Microsoft.Authorization/*/read",
    "Microsoft.ContainerInstance/containerGroups/*",
    "Microsoft.Insights/alertRules/*",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
  ]),
  builtIn("f1a07417-d97a-45cb-824c-7a7467783830", "Managed Identity Operator", [
    "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
    "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
    "Microsoft.Authorization/*/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Resources/deployments/*",
  ]),
  builtIn("7f951dda-4ed3-4680-a7ca-43fe172d538d", "AcrPull", ["Microsoft.ContainerRegistry/registries/pull/read"]),
  builtIn("73c42c96-874c-492b-b04d-ab87d138a893", "Log Analytics Reader", [
    "*/read",
    "Microsoft.OperationalInsights/workspaces/analytics/query/action",
    "Microsoft.OperationalInsights/workspaces/search/action",
  ]),
  builtIn("4d97b98b-1d4f-4787-a291-c67834d212e7", "Network Contributor", [
    "Microsoft.Authorization/*/read",
    "Microsoft.Network/*",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
  ]),
];

/** The roles, and who has them where. */
export class Access {
  /** By GUID. */
  readonly definitions = new Map<string, RoleDefinition>(BUILT_IN.map((role) => [role.name, role]));
  readonly assignments: RoleAssignment[] = [];
  readonly #delay: number;

  /** @param delay until a change takes effect, in milliseconds */
  constructor(delay: number) {
    this.#delay = delay;
  }

  /** A role by its GUID, its id or its name. */
  definition(role: string): RoleDefinition | undefined {
    const name = role.slice(role.lastIndexOf("/") + 1).toLowerCase();
    return this.definitions.get(name) ?? [...this.definitions.values()].find(({ roleName }) => roleName === role);
  }

  /** When a change that is made now takes effect. */
  effectiveAt(): number {
    return Date.now() + this.#delay;
  }

  /** Give a role as the account's owner. It takes effect at once. @throws {Error} if there is no such role */
  grant(principal: Principal, role: string, scope: string): RoleAssignment {
    const definition = this.definition(role);
    if (!definition) throw new Error(`the fake has no role ${role}`);
    const [, subscription = ""] = /^\/subscriptions\/([^/]+)/i.exec(scope) ?? [];
    const assignment: RoleAssignment = {
      name: randomUUID(),
      scope,
      roleDefinitionId: `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${definition.name}`,
      principalId: principal.objectId,
      principalType: principal.type,
      description: null,
      madeAt: Date.now(),
      effectiveAt: 0,
      createdBy: null,
    };
    this.assignments.push(assignment);
    return assignment;
  }

  allows({ objectId }: Principal, action: string, scope: string): boolean {
    const now = Date.now();
    return this.assignments.some((assignment) => {
      if (assignment.principalId !== objectId || assignment.effectiveAt > now || !within(scope, assignment.scope)) return false;
      const role = this.definition(assignment.roleDefinitionId);
      if (!role || role.effectiveAt > now) return false;
      return role.actions.some((each) => matches(each, action)) && !role.notActions.some((each) => matches(each, action));
    });
  }

  /** @throws {ArmError} 403 in Azure's words */
  demand(principal: Principal, action: string, scope: string): void {
    if (this.allows(principal, action, scope)) return;
    throw new ArmError(
      403,
      "AuthorizationFailed",
      `The client '${clientOf(principal)}' with object id '${principal.objectId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
      { headers: { "x-ms-failure-cause": "gateway" } },
    );
  }

  /** For a resource that another one is to use. @throws {ArmError} 403 in Azure's words */
  demandLinked(principal: Principal, asked: { action: string; scope: string }, linked: { action: string; scope: string }): void {
    if (this.allows(principal, linked.action, linked.scope)) return;
    throw new ArmError(
      403,
      "LinkedAuthorizationFailed",
      `The client '${clientOf(principal)}' with object id '${principal.objectId}' has permission to perform action '${asked.action}' on scope '${asked.scope}'; however, it does not have permission to perform action(s) '${linked.action}' on the linked scope(s) '${linked.scope}' (respectively) or the linked scope(s) are invalid.`,
      { headers: { "x-ms-failure-cause": "gateway" } },
    );
  }
}

function clientOf({ appId, displayName }: Principal): string {
  return appId ?? displayName;
}

/** Whether a scope is that one or lies below it. */
function within(scope: string, above: string): boolean {
  const inner = scope.toLowerCase();
  const outer = above.toLowerCase().replace(/\/$/, "");
  return inner === outer || inner.startsWith(`${outer}/`);
}

/**
 * `*` matches any characters, slashes too. As a separate part it also matches nothing: Managed Identity Operator, which is there to assign
 * identities, has an asterisk between `userAssignedIdentities` and `assign/action`, and the action has nothing there.
 */
function matches(pattern: string, action: string): boolean {
  const source = pattern
    .replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&")
    .replaceAll("/*/", "/(?:.*/)?")
    .replaceAll(/(?<!\.)\*/g, ".*");
  return new RegExp(`^${source}$`, "i").test(action);
}
