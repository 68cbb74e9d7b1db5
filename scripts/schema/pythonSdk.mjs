// The Python package `pulumi_pushpool`, from the schema. `pulumi package add` makes one with the same names where the Pulumi CLI is; this one
// is in the npm package, so that a program needs only `pip` or `uv`.

/** The names of the choices among the schema's types. */
let choices = new Set();

const KEYWORDS = new Set(["class", "def", "from", "import", "lambda", "pass", "global", "async", "await", "in", "is", "not", "type"]);

/** The name of a property in Python, as Pulumi's own generator converts it: `concurrencyLimit` -> `concurrency_limit`. */
export function pythonName(name) {
  const snake = name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
  return KEYWORDS.has(snake) && snake !== "type" ? `${snake}_` : snake;
}

/**
 * @param {object} schema of plugin/schema.json
 * @returns {Record<string, string>} texts by path
 */
export function pythonSdk(schema) {
  choices = new Set(Object.entries(schema.types).flatMap(([token, { enum: values }]) => (values ? [classOf(token)] : [])));
  const enums = Object.entries(schema.types).filter(([, { enum: values }]) => values);
  const objects = Object.entries(schema.types).filter(([, { properties }]) => properties);
  const resources = Object.entries(schema.resources).map(([token, spec]) => [classOf(token), token, spec]);
  const names = {
    _enums: enums.map(([token]) => classOf(token)),
    _inputs: objects.map(([token]) => `${classOf(token)}Args`),
    _resources: [...resources.flatMap(([name]) => [name, `${name}Args`]), "Provider", "ProviderArgs"],
  };
  return {
    "pyproject.toml": pyproject(schema),
    "README.md": `# pushpool for Python\n\n${schema.description}\n`,
    "pulumi_pushpool/py.typed": "",
    "pulumi_pushpool/pulumi-plugin.json": `${JSON.stringify({ resource: true, name: "pushpool", version: schema.version }, null, 2)}\n`,
    "pulumi_pushpool/__init__.py": module(
      `"""${schema.description}"""`,
      Object.entries(names).map(([file, all]) => `from .${file} import (\n${all.map((name) => `    ${name} as ${name},\n`).join("")})`),
    ),
    "pulumi_pushpool/_enums.py": module("", ["from enum import Enum\n", ...enums.map(([token, spec]) => enumClass(classOf(token), spec))]),
    "pulumi_pushpool/_inputs.py": module("", [
      IMPORTS,
      ...objects.map(([token, spec]) => argsClass(`${classOf(token)}Args`, spec.description, spec.properties, spec.required)),
    ]),
    "pulumi_pushpool/_resources.py": module("", [
      IMPORTS,
      `from ._inputs import ${names._inputs.join(", ")}\n\n_VERSION = "${schema.version}"\n`,
      ...resources.flatMap(([name, token, spec]) => resourceClasses(name, token, spec)),
      ...resourceClasses("Provider", "pushpool", schema.provider),
    ]),
  };
}

const IMPORTS = `from typing import Any, Mapping, Optional, Sequence, Union

import pulumi

from ._enums import *
`;

function module(doc, parts) {
  const head = "# coding=utf-8\n# Made from the schema of pushpool. Do not edit it.\n";
  return `${[head + (doc ? `${doc}\n` : ""), ...parts].join("\n")}\n`;
}

function pyproject({ version, description, license, homepage }) {
  return `[project]
name = "pulumi_pushpool"
version = "${version}"
description = ${JSON.stringify(description)}
requires-python = ">=3.9"
license = { text = "${license}" }
dependencies = ["pulumi>=3.142.0,<4.0.0"]
readme = "README.md"

[project.urls]
Homepage = "${homepage}"

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[tool.hatch.build.targets.wheel]
packages = ["pulumi_pushpool"]
`;
}

function classOf(token) {
  return token.split(":")[2];
}

function enumClass(name, { description, enum: values }) {
  const members = values.map(({ name: member, value, description: about }) => {
    const constant = pythonName(member).toUpperCase();
    return `    ${constant} = ${JSON.stringify(value)}\n${about ? docstring(about, 4) : ""}`;
  });
  return `\nclass ${name}(str, Enum):\n${docstring(description, 4)}\n${members.join("\n")}`;
}

/** An argument class, which gives each field its name on the wire. */
function argsClass(name, description, properties, required) {
  const fields = ordered(properties, required);
  const parameters = fields.map(
    ({ name: field, type, isRequired }) => `        ${field}: ${isRequired ? type : `Optional[${type}] = None`},\n`,
  );
  const sets = fields.map(({ name: field, isRequired }) =>
    isRequired
      ? `        pulumi.set(__self__, "${field}", ${field})\n`
      : `        if ${field} is not None:\n            pulumi.set(__self__, "${field}", ${field})\n`,
  );
  const accessors = fields.map(({ name: field, wire, type, isRequired, about }) => {
    const shown = isRequired ? type : `Optional[${type}]`;
    return `
    @property
    @pulumi.getter(name="${wire}")
    def ${field}(self) -> ${shown}:
${docstring(about, 8)}        return pulumi.get(self, "${field}")

    @${field}.setter
    def ${field}(self, value: ${shown}):
        pulumi.set(self, "${field}", value)
`;
  });
  const init =
    fields.length === 0
      ? "    def __init__(__self__):\n        pass\n"
      : `    def __init__(\n        __self__,\n        *,\n${parameters.join("")}    ):\n${sets.join("")}`;
  return `\n@pulumi.input_type\nclass ${name}:\n${docstring(description ?? "", 4)}${init}${accessors.join("")}`;
}

function resourceClasses(name, token, spec) {
  const { isComponent, description, inputProperties, requiredInputs, properties, required } = spec;
  const isProvider = token === "pushpool";
  const base = isProvider ? "ProviderResource" : isComponent ? "ComponentResource" : "CustomResource";
  const inputs = ordered(inputProperties, requiredInputs);
  const outputs = ordered(properties, required);
  const parameters = inputs.map(({ name: field, type }) => `        ${field}: Optional[${type}] = None,\n`);
  const missing = inputs
    .filter(({ isRequired }) => isRequired)
    .map(({ name: field }) => `        if ${field} is None:\n            raise TypeError("${name} needs ${field}")\n`);
  const given = inputs.map(({ name: field, secret }) => {
    const value = secret ? `None if ${field} is None else pulumi.Output.secret(${field})` : field;
    return `        __props__.__dict__["${field}"] = ${value}\n`;
  });
  const inputNames = new Set(inputs.map(({ name: field }) => field));
  const made = outputs
    .filter(({ name: field }) => !inputNames.has(field))
    .map(({ name: field }) => `        __props__.__dict__["${field}"] = None\n`);
  const accessors = outputs.map(
    ({ name: field, wire, output, isRequired, about }) => `
    @property
    @pulumi.getter(name="${wire}")
    def ${field}(self) -> pulumi.Output[${isRequired ? output : `Optional[${output}]`}]:
${docstring(about, 8)}        return pulumi.get(self, "${field}")
`,
  );
  const documented = inputs.map(({ name: field, about }) => `:param ${field}: ${about.replaceAll(/\s+/g, " ")}`);
  const text = [description, ...(documented.length > 0 ? [documented.join("\n")] : [])].join("\n\n");
  const secrets = outputs.filter(({ secret }) => secret).map(({ wire }) => `"${wire}"`);
  const merged =
    secrets.length > 0 && !isComponent && !isProvider
      ? `        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=[${secrets.join(", ")}]))\n`
      : "";
  return [
    argsClass(`${name}Args`, `Arguments of a ${name}.`, inputProperties, requiredInputs),
    `
class ${name}(pulumi.${base}):
${docstring(text, 4)}
    def __init__(
        __self__,
        resource_name: str,
        opts: Optional[pulumi.ResourceOptions] = None,
${inputs.length > 0 ? "        *,\n" : ""}${parameters.join("")}    ):
${missing.join("")}        opts = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(version=_VERSION), opts)
${merged}        __props__ = ${name}Args.__new__(${name}Args)
${given.join("")}${made.join("")}        super().__init__("${token}", resource_name, __props__, opts${isComponent ? ", remote=True" : ""})
${accessors.join("")}`,
  ];
}

function ordered(properties, required = []) {
  const fields = Object.entries(properties).map(([wire, spec]) => ({
    name: pythonName(wire),
    wire,
    type: pythonType(spec),
    output: bareType(spec, bareType),
    isRequired: required.includes(wire),
    secret: spec.secret === true,
    about: spec.description ?? "",
  }));
  return fields.sort((one, other) => Number(other.isRequired) - Number(one.isRequired));
}

/** A type in an annotation. Whatever is not plain may be an output. */
function pythonType(spec) {
  const bare = bareType(spec);
  return spec.plain || bare === "Any" ? bare : `pulumi.Input[${bare}]`;
}

/** The type of a value that is there. @param inner makes the types in it */
function bareType({ type, $ref, items, additionalProperties }, inner = pythonType) {
  if ($ref === "pulumi.json#/Any") return "Any";
  if ($ref !== undefined) {
    const name = $ref.replace("#/types/pushpool:index:", "");
    // The values of a choice are plain strings too.
    return choices.has(name) ? `Union[str, "${name}"]` : `"${name}Args"`;
  }
  switch (type) {
    case "string":
      return "str";
    case "integer":
      return "int";
    case "boolean":
      return "bool";
    case "array":
      return `Sequence[${inner(items, inner)}]`;
    default:
      return `Mapping[str, ${inner(additionalProperties, inner)}]`;
  }
}

function docstring(text, indent) {
  if (!text) return "";
  const pad = " ".repeat(indent);
  const safe = text.replaceAll("\\", "\\\\").replaceAll('"""', '\\"\\"\\"');
  const lines = safe.split("\n").map((line) => (line === "" ? "" : pad + line));
  return `${pad}"""\n${lines.join("\n")}\n${pad}"""\n`;
}
