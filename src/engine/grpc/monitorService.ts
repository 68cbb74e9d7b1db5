import type * as grpc from "@grpc/grpc-js";
import type * as resource from "@pulumi/pulumi/proto/resource_pb";
import type { JsonObject } from "../../json";
import type { Alias } from "../plan/aliases";
import type { StackConfig } from "../stackConfig";
import type { Protocol } from "./protocol";
import { unary } from "./server";

/** A component as the program registers it, in plain words. */
export interface Registration {
  type: string;
  name: string;
  parent: string;
  inputs: JsonObject;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  aliases: Alias[];
  ignoreChanges: string[];
  protect: boolean;
  retainOnDelete: boolean;
}

/** What the service asks of the deployment behind it. */
export interface Deployment {
  project: string;
  stack: string;
  config: StackConfig;
  parallel: number;
  dryRun: boolean;
  register(registration: Registration): Promise<string>;
  registerOutputs(urn: string, outputs: JsonObject): Promise<void>;
  /** Every registration has come; what is done after them is done when this resolves. */
  programIsDone(): Promise<void>;
  /** Something that this engine does not do yet. Ends the deployment with the reason. */
  refuse(what: string): Error;
}

/**
 * What Pulumi's own engine says that it can do (recorded from 3.260). Secrets first of all: left out, they would come, and be kept, as
 * plain text. What this engine refuses is named too, or the SDK would refuse it before us and advise a newer Pulumi CLI.
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
];

/** Pulumi's ResourceMonitor service, by which a program declares its resources. */
export function monitorService(protocol: Protocol, deployment: Deployment): [grpc.ServiceDefinition, grpc.UntypedServiceImplementation] {
  const { resource, empty, struct } = protocol;
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
      // How SDKs before GetDeploymentInfo ask, one by one: "aliasSpecs".
      supportsFeature: unary((request: resource.SupportsFeatureRequest) => {
        const response = new resource.SupportsFeatureResponse();
        response.setHassupport(FEATURES.includes(request.getId().replace(/[A-Z]/g, "_$&").toUpperCase()));
        return response;
      }),
      registerResource: unary(async (request: resource.RegisterResourceRequest) => {
        const notYet = notYetDone(request);
        if (notYet) throw deployment.refuse(notYet);
        const response = new resource.RegisterResourceResponse();
        response.setUrn(await deployment.register(registrationOf(request)));
        response.setObject(new struct.Struct());
        return response;
      }),
      registerResourceOutputs: unary(async (request: resource.RegisterResourceOutputsRequest) => {
        await deployment.registerOutputs(request.getUrn(), (request.getOutputs()?.toJavaScript() ?? {}) as JsonObject);
        return new empty.Empty();
      }),
      signalAndWaitForShutdown: unary(async () => {
        await deployment.programIsDone();
        return new empty.Empty();
      }),
      invoke: refused((request: resource.ResourceInvokeRequest) => `the provider function ${request.getTok()}`),
      call: refused((request: resource.ResourceCallRequest) => `the method ${request.getTok()} of a remote component`),
      readResource: refused((request: resource.ReadResourceRequest) => `reading "${request.getName()}" of type ${request.getType()}`),
      registerStackTransform: refused(() => "stack transforms"),
      registerStackInvokeTransform: refused(() => "stack invoke transforms"),
      registerResourceHook: refused((request: resource.RegisterResourceHookRequest) => `the resource hook "${request.getName()}"`),
      registerErrorHook: refused((request: resource.RegisterErrorHookRequest) => `the error hook "${request.getName()}"`),
      registerPackage: refused((request: resource.RegisterPackageRequest) => `the package ${request.getName()}`),
    },
  ];
}

/** Newer SDKs ask by number; one of an older SDK lacks the newest. */
function featureNumbers({ ResourceMonitorFeature }: Protocol["resource"]): resource.ResourceMonitorFeature[] {
  const numbers = ResourceMonitorFeature as unknown as Record<string, resource.ResourceMonitorFeature | undefined>;
  return FEATURES.flatMap((name) => numbers[`RESOURCE_MONITOR_FEATURE_${name}`] ?? []);
}

/** What a registration asks for that is of a provider, or of the program called back. */
function notYetDone(request: resource.RegisterResourceRequest): string | undefined {
  const name = `"${request.getName()}" of type ${request.getType()}`;
  if (request.getCustom()) return `the resource ${name}`;
  if (request.getRemote()) return `the remote component ${name}`;
  if (request.getImportid()) return `the import of ${name}`;
  if (request.getTransformsList().length > 0) return `the transforms of ${name}`;
  return undefined;
}

function registrationOf(request: resource.RegisterResourceRequest): Registration {
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
  return {
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent(),
    inputs: (request.getObject()?.toJavaScript() ?? {}) as JsonObject,
    dependencies: request.getDependenciesList(),
    propertyDependencies,
    aliases: [...request.getAliasurnsList().map((urn) => ({ urn })), ...aliases],
    ignoreChanges: request.getIgnorechangesList(),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
  };
}
