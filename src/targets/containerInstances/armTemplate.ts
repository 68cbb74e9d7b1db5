import type { Value, ValueObject } from "../../json";
import { isObject } from "../../template/paths";
import { UserError } from "../../userError";
import { listAt, objectAt } from "../jobValues";

/** What ARM would do with the template of a deployment: the part that one container group needs. */

const TEMPLATE = "job_configuration.arm_template";
export const RESOURCE = `${TEMPLATE}.resources[0]`;
const TYPE = "Microsoft.ContainerInstance/containerGroups";

/** Sections of a template that say something of the deployment alone. */
const IGNORED_SECTIONS = ["$schema", "contentVersion", "metadata", "languageVersion", "apiProfile"];
const IGNORED_FIELDS = ["type", "apiVersion", "comments", "metadata", "name", "dependsOn"];
const FIELDS = ["location", "tags", "zones", "identity", "properties"];

/** What Prefect's template has for a name, so that Azure chooses it. */
const UNIQUE = "[uniqueString(resourceGroup().id)]";
const LOCATION = "[resourceGroup().location]";

/**
 * The template's one container group, its expressions evaluated: `location`, `tags`, `zones`, `identity` and `properties`. Without `location`
 * it is made in the location of its resource group.
 * @param names what Prefect's worker leaves to Azure, or gives as a parameter: names of the group and of its container
 * @throws {UserError} naming the path that needs more than one container group
 */
export function groupOf(template: Value, names: { group: string; container: string }): ValueObject {
  const given = objectAt(template, TEMPLATE);
  for (const [section, value] of Object.entries(given)) {
    if ([...IGNORED_SECTIONS, "parameters", "resources"].includes(section) || isEmpty(value)) continue;
    throw new UserError(
      `${TEMPLATE}.${section}: pushpool makes only the container group of the template, and does not evaluate ${section}: leave it out`,
    );
  }
  const resources = listAt(given.resources, `${TEMPLATE}.resources`, "a list with one container group");
  if (resources.length !== 1)
    throw new UserError(
      `${TEMPLATE}.resources: a flow run is one container group, and the template has ${resources.length} resources: declare the others in the Pulumi program`,
    );
  const resource = objectAt(resources[0] as Value, RESOURCE);
  if (String(resource.type).toLowerCase() !== TYPE.toLowerCase())
    throw new UserError(`${RESOURCE}.type: must be "${TYPE}", not ${JSON.stringify(resource.type ?? null)}`);
  for (const [field, value] of Object.entries(resource)) {
    const known = FIELDS.includes(field) || (IGNORED_FIELDS.includes(field) && !(field === "dependsOn" && !isEmpty(value)));
    if (!known && !isEmpty(value)) throw new UserError(`${RESOURCE}.${field}: pushpool makes only the container group: leave it out`);
  }
  const parameters = parametersOf(given.parameters ?? {}, names);
  const evaluate = evaluator(parameters);
  if (evaluate(resource.name ?? null, `${RESOURCE}.name`) !== names.group)
    throw new UserError(
      `${RESOURCE}.name: pushpool names the container group after the run, so that each run has its own: it must be "[parameters('container_group_name')]"`,
    );
  const group: ValueObject = {};
  for (const field of FIELDS) {
    const value = resource[field];
    if (value !== undefined && value !== null) group[field] = evaluate(value, `${RESOURCE}.${field}`);
  }
  if (group.location === LOCATION || group.location === "") delete group.location;
  return group;
}

function parametersOf(value: Value, names: { group: string; container: string }): Record<string, Value> {
  const found: Record<string, Value> = Object.create(null);
  for (const [name, each] of Object.entries(objectAt(value, `${TEMPLATE}.parameters`))) {
    const { defaultValue = null } = objectAt(each, `${TEMPLATE}.parameters.${name}`);
    found[name] =
      name === "container_group_name" ? names.group : name === "container_name" && defaultValue === UNIQUE ? names.container : defaultValue;
  }
  return found;
}

/** Evaluates the expressions in a value. `[resourceGroup().location]` stays as it is: it is asked for when the run is submitted. */
function evaluator(parameters: Record<string, Value>): (value: Value, path: string) => Value {
  const text = (value: string, path: string): Value => {
    if (value.startsWith("[[")) return value.slice(1);
    if (!value.startsWith("[") || !value.endsWith("]")) return value;
    if (value.replaceAll(/\s/g, "") === LOCATION && path === `${RESOURCE}.location`) return LOCATION;
    const [, name] = /^\[\s*parameters\(\s*'([^']*)'\s*\)\s*\]$/i.exec(value) ?? [];
    if (name === undefined)
      throw new UserError(
        `${path}: pushpool evaluates [parameters('…')] and the location [resourceGroup().location], not ${JSON.stringify(value)}: write the value itself`,
      );
    const known = Object.keys(parameters).find((each) => each.toLowerCase() === name.toLowerCase());
    const given = known === undefined ? null : (parameters[known] ?? null);
    if (given === null) throw new UserError(`${path}: the template gives its parameter "${name}" no defaultValue`);
    return given === value ? value : evaluate(given, path);
  };
  const evaluate = (value: Value, path: string): Value => {
    if (typeof value === "string") return text(value, path);
    if (Array.isArray(value)) return value.map((each, index) => evaluate(each, `${path}[${index}]`));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, evaluate(each, `${path}.${key}`)]));
  };
  return evaluate;
}

function isEmpty(value: Value | undefined): boolean {
  if (value === null || value === undefined) return true;
  return (Array.isArray(value) || isObject(value)) && Object.keys(value).length === 0;
}
