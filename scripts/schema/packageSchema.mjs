// The schema of the Pulumi package `pushpool`, for programs in other languages, from the declarations of the components
// (https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/).
import ts from "typescript";

const ANY = { $ref: "pulumi.json#/Any" };
const SELF = "#/types/pushpool:index:";

/** The names of resources whose class has another name in TypeScript. There they are in the module `prefect`. */
const NAMES = { Automation: "PrefectAutomation", Connection: "Provider" };

/**
 * Outputs and arguments that are one JSON text in other languages. A program there cannot mark single values of an object as secret. The
 * text has the list of its secrets, and is one secret.
 */
const AS_TEXT = new Set(["PushPoolDefinition", "DeploymentDefinition", "PrefectDefinition"]);

/** Types that only TypeScript can express, and other outputs that may contain secrets. */
const INSTEAD = {
  "FlowRunArgs.timeout": { type: "string" },
  "AwsCredentialsBlock.definition": { type: "string" },
  "AzureContainerInstanceCredentialsBlock.definition": { type: "string" },
  "GcpCredentialsBlock.definition": { type: "string" },
  "AwsCredentialsBlockArgs.federation": ANY,
  "AzureContainerInstanceCredentialsBlockArgs.federation": ANY,
  "FederatedServicePrincipal.federation": ANY,
  "GcpCredentialsBlockArgs.federation": ANY,
  "GcpCredentialsBlockArgs.serviceAccountInfo": ANY,
  "WebIdentityRole.federation": ANY,
  "WorkloadIdentityFederation.federation": ANY,
};

/**
 * What is always secret. The values of a map such as secretEnv are not here: their component marks each of them, and the map itself must be
 * known.
 */
const SECRET = new Set([
  "AwsCredentialsBlockArgs.secretAccessKey",
  "AzureContainerInstanceCredentialsBlockArgs.clientSecret",
  "CloudRunPushPoolArgs.prefectApiKey",
  "ConnectionArgs.apiKey",
  "ConnectionArgs.authString",
  "ContainerInstancePushPoolArgs.prefectApiKey",
  "EcsPushPoolArgs.prefectApiKey",
  "FlowImageArgs.password",
  "GcpCredentialsBlockArgs.serviceAccountInfo",
  "PrefectApiArgs.auth",
  "PrefectBlockArgs.data",
  "PushServiceAccount.key",
  "PushServicePrincipal.clientSecret",
  "PushUser.secretAccessKey",
]);

/**
 * @param {import("./declarations.mjs").Declarations} declarations
 * @param {{ name: string, version: string, description: string, license: string, homepage: string, repository: { url: string }, keywords: string[] }} manifest package.json
 */
export function packageSchema(declarations, manifest) {
  const types = new Map();
  const context = { declarations, types, secrets: new Set() };
  const resources = {};
  let provider;
  for (const declared of declarations.classes.values()) {
    const resource = resourceOf(declared, context);
    if (declared.kind === "provider") provider = resource;
    else resources[`pushpool:index:${nameOf(declared)}`] = resource;
  }
  const unknown = [...SECRET].filter((field) => !context.secrets.has(field));
  if (unknown.length > 0) throw new Error(`SECRET names fields that do not exist: ${unknown.join(", ")}`);
  const { properties: variables } = provider;
  return {
    name: "pushpool",
    displayName: "pushpool",
    version: manifest.version,
    description: manifest.description,
    keywords: [...manifest.keywords, "category/infrastructure", "kind/component"],
    homepage: manifest.homepage,
    license: manifest.license,
    repository: manifest.repository.url.replace(/^git\+/, "").replace(/\.git$/, ""),
    publisher: "pushpool",
    config: { variables },
    types: sorted(Object.fromEntries(types)),
    provider,
    resources: sorted(resources),
    language: {
      csharp: { respectSchemaVersion: true },
      go: { respectSchemaVersion: true },
      java: { respectSchemaVersion: true },
      nodejs: { respectSchemaVersion: true },
      python: { respectSchemaVersion: true, pyproject: { enabled: true } },
    },
  };
}

function nameOf({ name }) {
  return NAMES[name] ?? name;
}

function resourceOf(declared, context) {
  const { members } = interfaceOf(declared.args, context);
  const inputs = propertiesOf(members, declared.args, context);
  const outputs = propertiesOf(declared.outputs, declared.name, context);
  outputs.properties = withoutPlain(outputs.properties);
  // For a secret output, Pulumi's generators set an option that Java's components do not have. The provider's answer marks what is secret.
  if (declared.kind === "component") outputs.properties = withoutSecret(outputs.properties);
  // A component decides by plain arguments which resources exist. Other resources get all values resolved.
  if (declared.kind !== "component") inputs.properties = withoutPlain(inputs.properties);
  const isProvider = declared.kind === "provider";
  return {
    ...described(declared.doc),
    ...(declared.kind === "component" ? { isComponent: true } : {}),
    inputProperties: inputs.properties,
    requiredInputs: isProvider ? [] : inputs.required,
    // A provider's outputs must be strings, and its inputs by their names.
    properties: isProvider ? inputs.properties : outputs.properties,
    required: isProvider ? [] : outputs.required,
  };
}

function interfaceOf(name, { declarations }) {
  const found = declarations.interfaces.get(name);
  if (!found) throw new Error(`no exported interface ${name} under components`);
  return found;
}

function propertiesOf(members, owner, context) {
  const properties = {};
  const required = [];
  for (const { name, optional, type, doc } of members) {
    const instead = INSTEAD[`${owner}.${name}`];
    const isSecret = SECRET.has(`${owner}.${name}`);
    if (isSecret) context.secrets.add(`${owner}.${name}`);
    const { mayBeAbsent, ...read } = typeOf(type, `${owner}.${name}`, context);
    properties[name] = { ...(instead ?? read), ...described(doc), ...(isSecret ? { secret: true } : {}) };
    if (!optional && !mayBeAbsent) required.push(name);
  }
  return { properties, required: required.sort() };
}

function described({ text, deprecated }) {
  return {
    ...(text === "" ? {} : { description: text }),
    ...(deprecated === undefined ? {} : { deprecationMessage: deprecated }),
  };
}

/** The type of a field. `plain`: the value must be known when the program runs. */
function typeOf(node, at, context) {
  if (ts.isParenthesizedTypeNode(node)) return typeOf(node.type, at, context);
  if (ts.isUnionTypeNode(node)) return unionOf(node, at, context);
  if (ts.isTypeOperatorNode(node)) return typeOf(node.type, at, context);
  if (ts.isArrayTypeNode(node)) return { type: "array", plain: true, items: typeOf(node.elementType, at, context) };
  switch (node.kind) {
    case ts.SyntaxKind.StringKeyword:
      return { type: "string", plain: true };
    case ts.SyntaxKind.BooleanKeyword:
      return { type: "boolean", plain: true };
    case ts.SyntaxKind.NumberKeyword:
      // All of them are counts.
      return { type: "integer", plain: true };
  }
  if (ts.isTypeReferenceNode(node)) return referenceOf(node, at, context);
  throw new Error(`${at}: no type of Pulumi's schema for ${node.getText()}`);
}

function unionOf(node, at, context) {
  const isNothing = (type) =>
    type.kind === ts.SyntaxKind.UndefinedKeyword || (ts.isLiteralTypeNode(type) && type.literal.kind === ts.SyntaxKind.NullKeyword);
  const rest = node.types.filter((type) => !isNothing(type));
  if (rest.length === 1) return { ...typeOf(rest[0], at, context), mayBeAbsent: true };
  if (INSTEAD[at]) return {};
  throw new Error(`${at}: a union cannot be expressed in every language: add a type to INSTEAD`);
}

function referenceOf(node, at, context) {
  const name = ts.isQualifiedName(node.typeName) ? node.typeName.right.text : node.typeName.text;
  const [argument, second] = node.typeArguments ?? [];
  if (name === "Input" || name === "Output") return withoutPlain(typeOf(argument, at, context));
  if (name === "Record") return { type: "object", plain: true, additionalProperties: typeOf(second, at, context) };
  if (name === "AnyJson") return { ...ANY };
  if (AS_TEXT.has(name)) return { type: "string" };
  if (context.declarations.choices.has(name)) return { ...declaredType(name, choiceType, context), plain: true };
  if (context.declarations.interfaces.has(name)) return { ...declaredType(name, objectType, context), plain: true };
  throw new Error(`${at}: no type of Pulumi's schema for ${node.getText()}`);
}

function declaredType(name, make, context) {
  // Each language adds its own ending to the type of an argument.
  const short = name.replace(/Args$/, "");
  const token = `pushpool:index:${short}`;
  if (!context.types.has(token)) {
    context.types.set(token, {});
    context.types.set(token, make(name, context));
  }
  return { $ref: `${SELF}${short}` };
}

function choiceType(name, { declarations }) {
  const { doc, values } = declarations.choices.get(name);
  return { type: "string", ...described(doc), enum: values.map(({ name, value, doc }) => ({ name, value, ...described(doc) })) };
}

function objectType(name, context) {
  const { doc, members } = interfaceOf(name, context);
  return { type: "object", ...described(doc), ...propertiesOf(members, name, context) };
}

/** The same types, at every depth, for values that may come from other resources. */
function withoutPlain(value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  const { plain, ...rest } = value;
  const kept = typeof plain === "boolean" ? rest : value;
  return Object.fromEntries(Object.entries(kept).map(([key, inner]) => [key, withoutPlain(inner)]));
}

function withoutSecret(properties) {
  return Object.fromEntries(Object.entries(properties).map(([name, { secret: _, ...spec }]) => [name, spec]));
}

function sorted(object) {
  return Object.fromEntries(Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1)));
}
