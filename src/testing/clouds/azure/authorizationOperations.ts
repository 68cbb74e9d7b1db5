import type { JsonObject } from "../../../json";
import type { Answer, Call, Operation } from "./api";
import type { RoleAssignment, RoleDefinition } from "./azureAccess";
import { toTick } from "./azureClock";
import { ArmError } from "./azureErrors";

const NAMESPACE = "Microsoft.Authorization";
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Roles are given in a subscription, a resource group or one resource. */
function pattern(kind: string, one: boolean): RegExp {
  const scope = "/subscriptions/(?<subscription>[^/]+)(?:/resourceGroups/(?<resourceGroup>[^/]+)(?:/.+?)?)?";
  return new RegExp(`^(?<scope>${scope})/providers/${NAMESPACE}/${kind}${one ? "/(?<name>[^/]+)" : ""}$`, "i");
}

const ASSIGNMENTS = `${NAMESPACE}/roleAssignments`;
const DEFINITIONS = `${NAMESPACE}/roleDefinitions`;

/** Role definitions and role assignments (https://learn.microsoft.com/rest/api/authorization, 2022-04-01). */
export const AUTHORIZATION_OPERATIONS: readonly Operation[] = [
  { action: `${ASSIGNMENTS}/write`, verb: "PUT", pattern: pattern("roleAssignments", true), handle: assign },
  {
    action: `${ASSIGNMENTS}/read`,
    verb: "GET",
    pattern: pattern("roleAssignments", true),
    handle: (call) => ({ body: assignmentView(foundAssignment(call)) }),
  },
  { action: `${ASSIGNMENTS}/read`, verb: "GET", pattern: pattern("roleAssignments", false), handle: listAssignments },
  { action: `${ASSIGNMENTS}/delete`, verb: "DELETE", pattern: pattern("roleAssignments", true), handle: unassign },
  { action: `${DEFINITIONS}/write`, verb: "PUT", pattern: pattern("roleDefinitions", true), handle: define },
  {
    action: `${DEFINITIONS}/read`,
    verb: "GET",
    pattern: pattern("roleDefinitions", true),
    handle: (call) => ({ body: definitionView(call, foundDefinition(call)) }),
  },
  { action: `${DEFINITIONS}/read`, verb: "GET", pattern: pattern("roleDefinitions", false), handle: listDefinitions },
  { action: `${DEFINITIONS}/delete`, verb: "DELETE", pattern: pattern("roleDefinitions", true), handle: undefine },
];

interface AssignmentProperties {
  roleDefinitionId?: string;
  principalId?: string;
  principalType?: string;
  description?: string;
}

function assign(call: Call): Answer {
  const { world, caller, path: parts, body } = call;
  const { name = "", scope = "" } = parts;
  const { roleDefinitionId = "", principalId = "", principalType, description } = (body.properties ?? {}) as AssignmentProperties;
  if (!GUID.test(name))
    throw new ArmError(
      400,
      "InvalidRoleAssignmentId",
      `The role assignment ID '${name}' is not valid. The role assignment ID must be a GUID.`,
    );
  const role = world.access.definition(roleDefinitionId);
  if (!role) throw noDefinition(roleDefinitionId.slice(roleDefinitionId.lastIndexOf("/") + 1));
  if (!GUID.test(principalId)) throw new ArmError(400, "InvalidPrincipalId", `A valid principal ID must be provided for role assignment.`);
  const principal = world.directory.principals.get(principalId);
  const young = !principal || principal.madeAt + world.options.principalDelay > Date.now();
  if (young && principalType === undefined) {
    throw new ArmError(
      400,
      "PrincipalNotFound",
      `Principal ${principalId.replaceAll("-", "")} does not exist in the directory ${world.options.tenant}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`,
    );
  }
  if (principal && principalType !== undefined && principal.type !== principalType) {
    throw new ArmError(
      400,
      "UnmatchedPrincipalType",
      `The PrincipalId '${principalId.replaceAll("-", "")}' has type '${principal.type}' , which is different from specified PrinciaplType '${principalType}'.`,
    );
  }
  const { assignments } = world.access;
  const same = (each: RoleAssignment) =>
    each.principalId === principalId &&
    each.scope.toLowerCase() === scope.toLowerCase() &&
    world.access.definition(each.roleDefinitionId) === role;
  const existing = assignments.find((each) => each.name === name.toLowerCase());
  if (existing && !same(existing))
    throw new ArmError(
      409,
      "RoleAssignmentUpdateNotPermitted",
      "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
    );
  if (existing) return { status: 200, body: assignmentView(existing) };
  if (assignments.some(same)) throw new ArmError(409, "RoleAssignmentExists", "The role assignment already exists.");
  const made: RoleAssignment = {
    name: name.toLowerCase(),
    scope,
    roleDefinitionId: `/subscriptions/${parts.subscription}/providers/${DEFINITIONS}/${role.name}`,
    principalId,
    principalType: principalType ?? principal?.type ?? "Unknown",
    description: description ?? null,
    madeAt: Date.now(),
    effectiveAt: world.access.effectiveAt(),
    createdBy: caller.objectId,
  };
  assignments.push(made);
  // Whose it is, the answer does not say yet.
  return { status: 201, body: assignmentView(made, null) };
}

function listAssignments({ world, path: { scope = "" }, query }: Call): Answer {
  const [, principal] = /principalId eq '([^']+)'/.exec(query.get("$filter") ?? "") ?? [];
  const wanted = scope.toLowerCase();
  // Those of what contains the scope, and of what it contains.
  const related = (other: string) => `${wanted}/`.startsWith(`${other}/`) || other.startsWith(`${wanted}/`);
  const found = world.access.assignments.filter(
    (each) => related(each.scope.toLowerCase()) && (principal === undefined || each.principalId === principal),
  );
  return { body: { value: found.map((each) => assignmentView(each)) } };
}

function unassign(call: Call): Answer {
  const { assignments } = call.world.access;
  const found = assignments.find((each) => isNamed(each, call));
  if (!found) return { status: 204 };
  assignments.splice(assignments.indexOf(found), 1);
  return { body: assignmentView(found) };
}

function isNamed({ name, scope }: RoleAssignment, { path: parts }: Call): boolean {
  return name === (parts.name ?? "").toLowerCase() && scope.toLowerCase() === (parts.scope ?? "").toLowerCase();
}

function foundAssignment(call: Call): RoleAssignment {
  const found = call.world.access.assignments.find((each) => isNamed(each, call));
  if (!found) throw new ArmError(404, "RoleAssignmentNotFound", `The role assignment '${call.path.name}' is not found.`);
  return found;
}

function assignmentView(assignment: RoleAssignment, createdBy: string | null = assignment.createdBy): JsonObject {
  const { name, scope, roleDefinitionId, principalId, principalType, description, madeAt } = assignment;
  return {
    properties: {
      roleDefinitionId,
      principalId,
      principalType,
      scope,
      condition: null,
      conditionVersion: null,
      createdOn: toTick(madeAt),
      updatedOn: toTick(madeAt),
      createdBy,
      updatedBy: assignment.createdBy,
      delegatedManagedIdentityResourceId: null,
      description,
    },
    id: `${scope}/providers/${ASSIGNMENTS}/${name}`,
    type: ASSIGNMENTS,
    name,
  };
}

interface DefinitionProperties {
  roleName?: string;
  description?: string;
  assignableScopes?: string[];
  permissions?: { actions?: string[]; notActions?: string[]; dataActions?: string[]; notDataActions?: string[] }[];
}

function define(call: Call): Answer {
  const { world, caller, path: parts, body } = call;
  const { scope = "" } = parts;
  const name = (parts.name ?? "").toLowerCase();
  const { roleName = "", description, assignableScopes = [], permissions = [] } = (body.properties ?? {}) as DefinitionProperties;
  if (!GUID.test(name))
    throw new ArmError(
      400,
      "InvalidRoleDefinitionId",
      `The role definition ID '${name}' is not valid. The role definition ID must be a GUID.`,
    );
  const existing = world.access.definitions.get(name);
  if (existing?.builtIn) throw new ArmError(403, "RoleDefinitionUpdateNotPermitted", "The built-in role cannot be updated.");
  if (roleName === "") throw new ArmError(400, "RoleDefinitionInvalid", "The role definition name is invalid.");
  if (assignableScopes.length === 0)
    throw new ArmError(400, "MissingAssignableScopes", "The role definition must have at least one assignable scope.");
  const other = [...world.access.definitions.values()].find((each) => each.name !== name && each.roleName === roleName);
  if (other) {
    throw new ArmError(
      409,
      "RoleDefinitionWithSameNameExists",
      "A custom role with the same name already exists in this directory. Use a different name",
    );
  }
  for (const each of assignableScopes) world.access.demand(caller, `${DEFINITIONS}/write`, each);
  const definition: RoleDefinition = {
    name,
    roleName,
    builtIn: false,
    description: description ?? null,
    actions: permissions.flatMap(({ actions = [] }) => actions),
    notActions: permissions.flatMap(({ notActions = [] }) => notActions),
    assignableScopes,
    madeAt: existing?.madeAt ?? Date.now(),
    effectiveAt: world.access.effectiveAt(),
    createdBy: caller.objectId,
  };
  for (const action of definition.actions) {
    if (!/^(\*|Microsoft\.\w+\/[\w*/.]+)$/i.test(action) && !/^\*\/\w+$/.test(action))
      throw new ArmError(400, "InvalidActionOrNotAction", `'${action}' does not match any of the actions supported by the providers.`);
  }
  if (!assignableScopes.some((each) => `${scope.toLowerCase()}/`.startsWith(`${each.toLowerCase()}/`)))
    throw new ArmError(400, "RoleDefinitionNotAssignable", `The scope '${scope}' is not an assignable scope of the role definition.`);
  world.access.definitions.set(name, definition);
  return { status: 201, body: definitionView(call, definition, existing ? undefined : null) };
}

function listDefinitions(call: Call): Answer {
  const [, wanted] = /roleName eq '([^']+)'/.exec(call.query.get("$filter") ?? "") ?? [];
  const found = [...call.world.access.definitions.values()].filter(({ roleName }) => wanted === undefined || roleName === wanted);
  return { body: { value: found.map((each) => definitionView(call, each)) } };
}

function undefine(call: Call): Answer {
  const { access } = call.world;
  const name = (call.path.name ?? "").toLowerCase();
  const definition = access.definitions.get(name);
  if (!definition) return { status: 204 };
  if (definition.builtIn) throw new ArmError(403, "RoleDefinitionUpdateNotPermitted", "The built-in role cannot be deleted.");
  if (access.assignments.some(({ roleDefinitionId }) => access.definition(roleDefinitionId) === definition))
    throw new ArmError(
      400,
      "RoleDefinitionHasAssignments",
      "There are existing role assignments referencing role (code: RoleDefinitionHasAssignments).",
    );
  access.definitions.delete(name);
  return { body: definitionView(call, definition) };
}

function foundDefinition({ world, path: { name = "" } }: Call): RoleDefinition {
  const found = world.access.definitions.get(name.toLowerCase());
  if (!found) throw noDefinition(name);
  return found;
}

function noDefinition(name: string): ArmError {
  return new ArmError(404, "RoleDefinitionDoesNotExist", `The specified role definition with ID '${name}' does not exist.`);
}

function definitionView({ path: { subscription } }: Call, definition: RoleDefinition, createdBy = definition.createdBy): JsonObject {
  const { name, roleName, builtIn, description, actions, notActions, assignableScopes, madeAt } = definition;
  return {
    properties: {
      roleName,
      type: builtIn ? "BuiltInRole" : "CustomRole",
      description,
      assignableScopes: [...assignableScopes],
      permissions: [{ actions: [...actions], notActions: [...notActions], dataActions: [], notDataActions: [] }],
      createdOn: toTick(madeAt),
      updatedOn: toTick(madeAt),
      createdBy,
      updatedBy: definition.createdBy,
    },
    id: `/subscriptions/${subscription}/providers/${DEFINITIONS}/${name}`,
    type: DEFINITIONS,
    name,
  };
}
