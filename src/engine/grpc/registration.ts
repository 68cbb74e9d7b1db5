import type * as alias from "@pulumi/pulumi/proto/alias_pb";
import type * as resource from "@pulumi/pulumi/proto/resource_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { quoted } from "../../shown";
import { UserError } from "../../userError";
import type { Alias } from "../plan/aliases";
import { type Goal, goalOf, type Timeouts } from "../plan/goal";
import { dependenciesIn, fromProgram, type Properties } from "../propertyWire";
import type { Protocol } from "./protocol";

/** The options of a registration. Transforms get this message, and may answer with another one. */
export type ResourceOptions = resource.TransformResourceOptions;

/** The plugin that provides a resource or function. Empty parts are not given. */
export interface PackageRequest {
  /** "": the package of the token. */
  name: string;
  version: string;
  downloadUrl: string;
}

/** What a program asked for. Its inputs hold output values, with the resources on which they depend. */
export interface Registration {
  type: string;
  name: string;
  custom: boolean;
  parent: string;
  inputs: Properties;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  options: ResourceOptions;
}

/** Properties of a message, as the SDK sent them. */
export function rawProperties(struct: Struct | undefined): Properties {
  return (struct?.toJavaScript() ?? {}) as Properties;
}

/** Properties of a message in the engine's form, without output values. */
export function propertiesOf(struct: Struct | undefined): Properties {
  return fromProgram(rawProperties(struct)) as Properties;
}

/** The registration of a message, before transforms. A property without recorded dependencies depends on everything that the resource does. */
export function registrationOf(
  protocol: Protocol,
  request: resource.RegisterResourceRequest,
  provider: string,
  parent: Goal | undefined,
): Registration {
  const inputs = rawProperties(request.getObject());
  const dependencies = request.getDependenciesList();
  const recorded: Record<string, string[]> = {};
  request.getPropertydependenciesMap().forEach((entry, property) => {
    recorded[property] = entry.getUrnsList();
  });
  const isRecorded = Object.keys(recorded).length > 0 || request.getRemote();
  return {
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    parent: request.getParent(),
    inputs,
    dependencies,
    propertyDependencies: isRecorded ? recorded : Object.fromEntries(Object.keys(inputs).map((key) => [key, dependencies])),
    options: optionsOf(protocol, request, provider, parent),
  };
}

/** The options of a message. A child inherits options from its parent (pkg/resource/deploy/source_eval.go, inheritFromParent). */
function optionsOf(
  { resource, alias }: Protocol,
  request: resource.RegisterResourceRequest,
  provider: string,
  parent: Goal | undefined,
): ResourceOptions {
  const options = new resource.TransformResourceOptions();
  const byUrn = request.getAliasurnsList().map((urn) => new alias.Alias().setUrn(urn));
  options
    .setDependsOnList(request.getDependenciesList())
    .setIgnoreChangesList(request.getIgnorechangesList())
    .setReplaceOnChangesList(request.getReplaceonchangesList())
    .setVersion(request.getVersion())
    .setAliasesList([...byUrn, ...request.getAliasesList()])
    .setProvider(provider)
    .setCustomTimeouts(request.getCustomtimeouts())
    .setPluginDownloadUrl(request.getPlugindownloadurl())
    .setDeletedWith(request.getDeletedwith() || (parent?.deletedWith ?? ""))
    .setAdditionalSecretOutputsList(request.getAdditionalsecretoutputsList());
  // Unset is not the same as false.
  const protect = request.hasProtect() ? request.getProtect() : parent?.protect || undefined;
  if (protect !== undefined) options.setProtect(protect);
  const retain = request.hasRetainondelete() ? request.getRetainondelete() : parent?.retainOnDelete || undefined;
  if (retain !== undefined) options.setRetainOnDelete(retain);
  if (request.getDeletebeforereplacedefined() || request.getDeletebeforereplace())
    options.setDeleteBeforeReplace(request.getDeletebeforereplace());
  request.getProvidersMap().forEach((reference, name) => {
    options.getProvidersMap().set(name, reference);
  });
  // Older SDKs lack this field: then no transform can change it.
  options.setImport?.(request.getImportid());
  return options;
}

/**
 * What the engine must do for a registration.
 * @throws {UserError} for a custom timeout that is not a duration
 */
export function goalFrom({ options, inputs, ...registration }: Registration, importId: string): Goal {
  const { propertyDependencies: recorded } = registration;
  const keys = new Set([...Object.keys(recorded), ...Object.keys(inputs)]);
  const propertyDependencies = Object.fromEntries(
    [...keys].map((key) => [key, [...new Set([...(recorded[key] ?? []), ...dependenciesIn(inputs[key])])]]),
  );
  return goalOf({
    ...registration,
    inputs: fromProgram(inputs) as Properties,
    propertyDependencies,
    provider: options.getProvider(),
    aliases: options.getAliasesList().map(aliasOf),
    ignoreChanges: options.getIgnoreChangesList(),
    replaceOnChanges: options.getReplaceOnChangesList(),
    additionalSecretOutputs: options.getAdditionalSecretOutputsList(),
    protect: options.getProtect() ?? false,
    retainOnDelete: options.getRetainOnDelete() ?? false,
    ...(options.hasDeleteBeforeReplace() ? { deleteBeforeReplace: options.getDeleteBeforeReplace() ?? false } : {}),
    deletedWith: options.getDeletedWith(),
    timeouts: timeoutsOf(options.getCustomTimeouts()),
    importId: options.getImport?.() ?? importId,
  });
}

/** The goal of a resource that is only read. */
export function goalToRead(request: resource.ReadResourceRequest, provider: string): Goal {
  return goalOf({
    type: request.getType(),
    name: request.getName(),
    custom: true,
    parent: request.getParent(),
    inputs: propertiesOf(request.getProperties()),
    provider,
    dependencies: request.getDependenciesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
  });
}

function aliasOf(message: alias.Alias): Alias {
  const spec = message.getSpec();
  if (!spec) return { urn: message.getUrn() };
  return {
    name: spec.getName(),
    type: spec.getType(),
    project: spec.getProject(),
    stack: spec.getStack(),
    parent: spec.getNoparent() ? "none" : spec.getParenturn() ? { urn: spec.getParenturn() } : "same",
  };
}

/** @throws {UserError} naming the timeout that is not a duration */
function timeoutsOf(given: resource.RegisterResourceRequest.CustomTimeouts | undefined): Timeouts {
  const entries = { create: given?.getCreate(), update: given?.getUpdate(), delete: given?.getDelete() };
  return Object.fromEntries(
    Object.entries(entries).flatMap(([key, text]) => (text ? [[key, secondsOf(text, `customTimeouts.${key}`)]] : [])),
  );
}

const UNITS: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, μs: 1e-6, ns: 1e-9 };
const PART = String.raw`(\d+\.?\d*|\.\d+)(h|ms|m|s|[uµμ]s|ns)`;
const DURATION = new RegExp(`^([-+]?)(?:0|(?:${PART})+)$`);

/**
 * The seconds of a duration in Go's notation, such as "1h30m" or "90s". It accepts what `time.ParseDuration` accepts, as Pulumi's engine does.
 * @see https://pkg.go.dev/time#ParseDuration
 */
function secondsOf(text: string, field: string): number {
  const [, sign] = DURATION.exec(text) ?? [];
  if (sign === undefined) throw new UserError(`${field} ${quoted(text)}: must be a duration with units of h, m, s or ms, such as 1h30m`);
  const parts = [...text.matchAll(new RegExp(PART, "g"))];
  const sum = parts.reduce((seconds, [, count, unit = "s"]) => seconds + Number(count) * (UNITS[unit] ?? 1), 0);
  return sign === "-" ? -sum : sum;
}
