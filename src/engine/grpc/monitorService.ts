import type * as grpc from "@grpc/grpc-js";
import type * as resource from "@pulumi/pulumi/proto/resource_pb";
import type { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Alias } from "../plan/aliases";
import { type Goal, goalOf, type Timeouts } from "../plan/goal";
import type { InvokeResult } from "../provider";
import type { StackConfig } from "../stackConfig";
import { fromProgram, type Properties, withoutSecrets } from "../wire";
import { unary } from "./grpcServer";
import type { Protocol } from "./protocol";

/** The result of a registration. */
export type RegistrationResult = { kind: "registered"; urn: string; id: string; outputs: Properties } | { kind: "failed"; urn: string };

/** A call of a provider function. */
export interface Invocation {
  token: string;
  args: Properties;
  /** Provider reference; "" for the package's default provider. */
  provider: string;
  version: string;
  downloadUrl: string;
  /** URNs of the resources that must exist first. */
  dependsOn: string[];
}

export type InvocationResult = InvokeResult;

/** What the monitor service needs from the engine. */
export interface MonitorBackend {
  project: string;
  stack: string;
  config: StackConfig;
  parallel: number;
  dryRun: boolean;
  /** @param version of the package that the SDK was generated for; "" if unknown */
  register(goal: Goal, version: string, downloadUrl: string): Promise<RegistrationResult>;
  /** Look up an existing resource by its id. */
  read(goal: Goal, id: string, version: string, downloadUrl: string): Promise<RegistrationResult>;
  registerOutputs(urn: string, outputs: Properties): Promise<void>;
  invoke(invocation: Invocation): Promise<InvocationResult>;
  /** Called when the program has registered everything. Resolves when the deletions that follow are finished. */
  programIsDone(): Promise<void>;
  /** Report a feature that this engine does not support yet, and end the operation with that reason. */
  refuse(what: string): Error;
}

/**
 * The features that Pulumi's own engine announces (recorded from 3.260).
 * SECRETS is essential: without it the SDK would send secrets as plain text, and the state would keep them so.
 * The list includes features that this engine refuses. Otherwise the SDK would refuse them first and advise a newer Pulumi CLI.
 */
const FEATURES = [
  "SECRETS",
  "RESOURCE_REFERENCES",
  "OUTPUT_VALUES",
  "ALIAS_SPECS",
  "REPLACEMENT_TRIGGER",
  "DELETED_WITH",
  "REPLACE_WITH",
  "TRANSFORMS",
  "INVOKE_TRANSFORMS",
  "PARAMETERIZATION",
  "RESOURCE_HOOKS",
  "ERROR_HOOKS",
  "SENDS_OPTIONS_TO_HOOKS",
  "INVOKE_DEPENDS_ON",
];

/** Pulumi's ResourceMonitor service. A program declares its resources through it. */
export function monitorService(
  protocol: Protocol,
  deployment: MonitorBackend,
): [grpc.ServiceDefinition, grpc.UntypedServiceImplementation] {
  const { resource, provider, empty, struct } = protocol;
  const structOf = (properties: Properties): Struct => struct.Struct.fromJavaScript(properties as { [key: string]: JavaScriptValue });
  const refused = <Request>(what: (request: Request) => string) =>
    unary((request: Request) => {
      throw deployment.refuse(what(request));
    });
  return [
    protocol.monitorService,
    {
      getDeploymentInfo: unary(() => {
        const info = new resource.DeploymentInfo();
        info.setProject(deployment.project);
        info.setStack(deployment.stack);
        info.setOrganization("organization");
        for (const [key, value] of Object.entries(deployment.config.values)) info.getConfigMap().set(key, value);
        info.setConfigsecretkeysList(deployment.config.secretKeys);
        info.setDryrun(deployment.dryRun);
        info.setParallel(deployment.parallel);
        info.setSupportedfeaturesList(featureNumbers(resource));
        return info;
      }),
      // SDKs before GetDeploymentInfo ask for each feature by name, such as "aliasSpecs".
      supportsFeature: unary((request: resource.SupportsFeatureRequest) => {
        const response = new resource.SupportsFeatureResponse();
        response.setHassupport(FEATURES.includes(request.getId().replace(/[A-Z]/g, "_$&").toUpperCase()));
        return response;
      }),
      registerResource: unary(async (request: resource.RegisterResourceRequest) => {
        const unsupported = unsupportedFeature(request);
        if (unsupported) throw deployment.refuse(unsupported);
        const registered = await deployment.register(goalFrom(request), request.getVersion(), request.getPlugindownloadurl());
        const response = new resource.RegisterResourceResponse();
        response.setUrn(registered.urn);
        const outputs = registered.kind === "registered" ? registered.outputs : {};
        response.setObject(structOf(request.getAcceptsecrets() ? outputs : withoutSecrets(outputs)));
        // In a preview a resource has no id yet. A provider has an unknown id.
        if (registered.kind === "registered") response.setId(registered.id);
        else response.setResult(resource.Result.FAIL);
        return response;
      }),
      registerResourceOutputs: unary(async (request: resource.RegisterResourceOutputsRequest) => {
        await deployment.registerOutputs(request.getUrn(), propertiesOf(request.getOutputs()));
        return new empty.Empty();
      }),
      signalAndWaitForShutdown: unary(async () => {
        await deployment.programIsDone();
        return new empty.Empty();
      }),
      invoke: unary(async (request: resource.ResourceInvokeRequest) => {
        const invoked = await deployment.invoke({
          token: request.getTok(),
          args: propertiesOf(request.getArgs()),
          provider: request.getProvider(),
          version: request.getVersion(),
          downloadUrl: request.getPlugindownloadurl(),
          dependsOn: request.getDependsonList?.() ?? [],
        });
        const response = new resource.ResourceInvokeResponse();
        if (invoked.kind === "unknown") return response.setUnknown(true);
        response.setReturn(structOf(invoked.value));
        response.setFailuresList(
          invoked.failures.map(({ property, reason }) => new provider.CheckFailure().setProperty(property).setReason(reason)),
        );
        return response;
      }),
      call: refused((request: resource.ResourceCallRequest) => `the method ${request.getTok()} of a remote component`),
      readResource: unary(async (request: resource.ReadResourceRequest) => {
        const found = await deployment.read(goalToRead(request), request.getId(), request.getVersion(), request.getPlugindownloadurl());
        const response = new resource.ReadResourceResponse();
        response.setUrn(found.urn);
        const outputs = found.kind === "registered" ? found.outputs : {};
        response.setProperties(structOf(request.getAcceptsecrets() ? outputs : withoutSecrets(outputs)));
        if (found.kind === "failed") response.setResult(resource.Result.FAIL);
        return response;
      }),
      registerStackTransform: refused(() => "stack transforms"),
      registerStackInvokeTransform: refused(() => "stack invoke transforms"),
      registerResourceHook: refused((request: resource.RegisterResourceHookRequest) => `the resource hook "${request.getName()}"`),
      registerErrorHook: refused((request: resource.RegisterErrorHookRequest) => `the error hook "${request.getName()}"`),
      registerPackage: refused((request: resource.RegisterPackageRequest) => `the package ${request.getName()}`),
    },
  ];
}

/** Newer SDKs identify features by number. An older SDK lacks the newest numbers. */
function featureNumbers({ ResourceMonitorFeature }: Protocol["resource"]): resource.ResourceMonitorFeature[] {
  const numbers = ResourceMonitorFeature as unknown as Record<string, resource.ResourceMonitorFeature | undefined>;
  return FEATURES.flatMap((name) => numbers[`RESOURCE_MONITOR_FEATURE_${name}`] ?? []);
}

/** The feature of a registration that this engine does not support, if any. */
function unsupportedFeature(request: resource.RegisterResourceRequest): string | undefined {
  const name = `"${request.getName()}" of type ${request.getType()}`;
  if (request.getRemote()) return `the remote component ${name}`;
  if (request.getTransformsList().length > 0) return `the transforms of ${name}`;
  return undefined;
}

function propertiesOf(struct: Struct | undefined): Properties {
  return fromProgram((struct?.toJavaScript() ?? {}) as Properties) as Properties;
}

function goalFrom(request: resource.RegisterResourceRequest): Goal {
  const propertyDependencies: Record<string, string[]> = {};
  request.getPropertydependenciesMap().forEach((dependencies, property) => {
    propertyDependencies[property] = dependencies.getUrnsList();
  });
  const aliases: Alias[] = request.getAliasesList().map((alias) => {
    const spec = alias.getSpec();
    if (!spec) return { urn: alias.getUrn() };
    return {
      name: spec.getName(),
      type: spec.getType(),
      project: spec.getProject(),
      stack: spec.getStack(),
      parent: spec.getNoparent() ? "none" : spec.getParenturn() ? { urn: spec.getParenturn() } : "same",
    };
  });
  return goalOf({
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    parent: request.getParent(),
    inputs: propertiesOf(request.getObject()),
    provider: request.getProvider(),
    dependencies: request.getDependenciesList(),
    propertyDependencies,
    aliases: [...request.getAliasurnsList().map((urn) => ({ urn })), ...aliases],
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    ...(request.getDeletebeforereplacedefined() ? { deleteBeforeReplace: request.getDeletebeforereplace() } : {}),
    deletedWith: request.getDeletedwith(),
    timeouts: timeoutsOf(request.getCustomtimeouts()),
    importId: request.getImportid(),
  });
}

function goalToRead(request: resource.ReadResourceRequest): Goal {
  return goalOf({
    type: request.getType(),
    name: request.getName(),
    custom: true,
    parent: request.getParent(),
    inputs: propertiesOf(request.getProperties()),
    provider: request.getProvider(),
    dependencies: request.getDependenciesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
  });
}

function timeoutsOf(given: resource.RegisterResourceRequest.CustomTimeouts | undefined): Timeouts {
  const entries = { create: given?.getCreate(), update: given?.getUpdate(), delete: given?.getDelete() };
  return Object.fromEntries(Object.entries(entries).flatMap(([key, text]) => (text ? [[key, secondsOf(text)]] : [])));
}

const UNITS: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };

/** The seconds of a duration in Go's notation: "1h30m", "90s". */
function secondsOf(text: string): number {
  return [...text.matchAll(/([\d.]+)(h|ms|m|s|us|µs|ns)/g)].reduce(
    (sum, [, count, unit = "s"]) => sum + Number(count) * (UNITS[unit] ?? 1),
    0,
  );
}
