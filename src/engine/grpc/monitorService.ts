import type * as grpc from "@grpc/grpc-js";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import resource from "@pulumi/pulumi/proto/resource_pb";
import empty from "google-protobuf/google/protobuf/empty_pb";
import struct from "google-protobuf/google/protobuf/struct_pb";
import type { JsonObject } from "../../json";
import type { StackConfig } from "../stackConfig";
import { unary } from "./server";

/** A component as the program registers it, in plain words. */
export interface Registration {
  type: string;
  name: string;
  parent: string;
  inputs: JsonObject;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
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

// SECRETS is 0, an enum's default: left out of the list, secrets would come, and be kept, as plain text.
const {
  RESOURCE_MONITOR_FEATURE_SECRETS,
  RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  RESOURCE_MONITOR_FEATURE_DELETED_WITH,
} = resource.ResourceMonitorFeature;
const FEATURES = [
  RESOURCE_MONITOR_FEATURE_SECRETS,
  RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  RESOURCE_MONITOR_FEATURE_DELETED_WITH,
];
const FEATURE_NAMES = new Set(["secrets", "resourceReferences", "aliasSpecs", "deletedWith"]);

/** Pulumi's ResourceMonitor service, by which a program declares its resources. */
export function monitorService(deployment: Deployment): [grpc.ServiceDefinition, grpc.UntypedServiceImplementation] {
  const refused = (what: string) =>
    unary(() => {
      throw deployment.refuse(what);
    });
  return [
    ResourceMonitorService as unknown as grpc.ServiceDefinition,
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
        info.setSupportedfeaturesList(FEATURES);
        return info;
      }),
      supportsFeature: unary((request: resource.SupportsFeatureRequest) => {
        const response = new resource.SupportsFeatureResponse();
        response.setHassupport(FEATURE_NAMES.has(request.getId()));
        return response;
      }),
      registerResource: unary(async (request: resource.RegisterResourceRequest) => {
        if (request.getCustom()) throw deployment.refuse(`the resource "${request.getName()}" of type ${request.getType()}`);
        if (request.getRemote()) throw deployment.refuse(`the remote component "${request.getName()}" of type ${request.getType()}`);
        if (request.getImportid()) throw deployment.refuse(`the import of "${request.getName()}"`);
        if (request.getTransformsList().length > 0) throw deployment.refuse(`the transforms of "${request.getName()}"`);
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
      invoke: refused("a provider function"),
      call: refused("a method of a remote component"),
      readResource: refused("reading an existing resource"),
      registerStackTransform: refused("stack transforms"),
      registerStackInvokeTransform: refused("stack invoke transforms"),
      registerResourceHook: refused("resource hooks"),
      registerErrorHook: refused("error hooks"),
      registerPackage: refused("a parameterized package"),
    },
  ];
}

function registrationOf(request: resource.RegisterResourceRequest): Registration {
  const propertyDependencies: Record<string, string[]> = {};
  request.getPropertydependenciesMap().forEach((dependencies, property) => {
    propertyDependencies[property] = dependencies.getUrnsList();
  });
  return {
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent(),
    inputs: (request.getObject()?.toJavaScript() ?? {}) as JsonObject,
    dependencies: request.getDependenciesList(),
    propertyDependencies,
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
  };
}
