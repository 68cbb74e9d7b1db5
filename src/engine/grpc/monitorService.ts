import type * as grpc from "@grpc/grpc-js";
import type * as callback from "@pulumi/pulumi/proto/callback_pb";
import type * as resource from "@pulumi/pulumi/proto/resource_pb";
import type { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { holdsUnknown } from "../../unknown";
import type { Construction, InvokeResult, MethodCall, WithDependencies } from "../hostedProvider";
import type { Goal } from "../plan/goal";
import { dependenciesIn, type Properties, withOpenSecrets, withoutReferences } from "../propertyWire";
import type { CheckFailure } from "../provider";
import type { StackConfig } from "../stackConfig";
import { packageOf } from "../urn";
import { Family } from "./family";
import { unary } from "./grpcServer";
import { Packages } from "./packages";
import type { Protocol } from "./protocol";
import { goalFrom, goalToRead, type PackageRequest, propertiesOf, rawProperties, registrationOf } from "./registration";
import { Transforms } from "./transforms";

/** The result of a registration. */
export type RegistrationResult =
  | { kind: "registered"; urn: string; id: string; outputs: Properties }
  | { kind: "failed"; urn: string }
  /** It does not take part in the operation, and does not exist. */
  | { kind: "skipped"; urn: string };

/** A call of a provider function. */
export interface Invocation {
  token: string;
  args: Properties;
  /** Provider reference; "" for the package's default provider. */
  provider: string;
  plugin: PackageRequest;
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
  register(goal: Goal, plugin: PackageRequest): Promise<RegistrationResult>;
  /** Have a provider construct a component. @param provider reference to the provider; "" for the package's default provider */
  construct(construction: Construction, provider: string, plugin: PackageRequest): Promise<{ urn: string } & WithDependencies>;
  /** Look up an existing resource by its id. */
  read(goal: Goal, id: string, plugin: PackageRequest): Promise<RegistrationResult>;
  registerOutputs(urn: string, outputs: Properties): Promise<void>;
  invoke(invocation: Invocation): Promise<InvocationResult>;
  /** Call a method of a component. */
  call(call: MethodCall, provider: string, plugin: PackageRequest): Promise<{ failures: CheckFailure[] } & WithDependencies>;
  /** Called when the program has registered everything. Resolves when the deletions that follow are finished. */
  programIsDone(): Promise<void>;
  /** Report a feature that this engine does not support yet, and end the operation with that reason. */
  refuse(what: string): Error;
  /** Report an error of the program's own transforms, and end the operation. */
  fail(message: string): Error;
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

/** Pulumi's ResourceMonitor service. A program declares its resources through it, and so does the provider of a remote component. */
export function monitorService(
  protocol: Protocol,
  deployment: MonitorBackend,
): [grpc.ServiceDefinition, grpc.UntypedServiceImplementation] {
  const { resource, provider, empty, struct } = protocol;
  const family = new Family();
  const transforms = new Transforms(protocol);
  const packages = new Packages((what) => deployment.refuse(what));
  const structOf = (properties: Properties): Struct => struct.Struct.fromJavaScript(properties as { [key: string]: JavaScriptValue });
  const refused = <Request>(what: (request: Request) => string) =>
    unary((request: Request) => {
      throw deployment.refuse(what(request));
    });
  const failing = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: Error) => {
      throw deployment.fail(error.message);
    });

  async function registerResource(request: resource.RegisterResourceRequest): Promise<resource.RegisterResourceResponse> {
    const remote = request.getRemote();
    const parent = family.goalOf(request.getParent());
    const own = family.providerFor(request, parent);
    const asked = registrationOf(protocol, request, own, parent);
    const given = request.getTransformsList();
    const ownTransforms = transforms.own(asked, given, remote);
    const registration = await failing(transforms.transform(asked, ownTransforms, given, family.ancestors(request.getParent())));
    const { options } = registration;
    const goal = await failing(Promise.resolve().then(() => goalFrom(registration, request.getImportid())));
    const providers = family.providersOf(registration);
    const plugin = packages.of(request.getPackageref?.() ?? "", {
      name: "",
      version: options.getVersion(),
      downloadUrl: options.getPluginDownloadUrl(),
    });
    const response = new resource.RegisterResourceResponse();
    const answer = (outputs: Properties) => response.setObject(structOf(accepted(outputs, request)));
    if (remote) {
      const inputs = registration.inputs;
      const { dependencies, propertyDependencies: inputDependencies, type, name } = goal;
      const construction = { type, name, parent: goal.parent, inputs, inputDependencies, dependencies, providers, options };
      const made = await deployment.construct(construction, goal.provider, plugin);
      for (const [key, urns] of Object.entries(made.dependencies))
        response.getPropertydependenciesMap().set(key, new resource.RegisterResourceResponse.PropertyDependencies().setUrnsList(urns));
      family.add(made.urn, { parent: goal.parent, goal, providers });
      transforms.keep(made.urn, ownTransforms);
      answer(made.values);
      return response.setUrn(made.urn);
    }
    const registered = await deployment.register(goal, plugin);
    family.add(registered.urn, { parent: goal.parent, goal, providers });
    transforms.keep(registered.urn, ownTransforms);
    answer(registered.kind === "registered" ? registered.outputs : {});
    response.setUrn(registered.urn);
    // In a preview a resource has no id yet. A provider has an unknown id.
    if (registered.kind === "registered") response.setId(registered.id);
    else if (registered.kind === "failed") response.setResult(resource.Result.FAIL);
    // Older SDKs lack the field: they take absent outputs as undefined.
    else response.setUnknown?.(true);
    return response;
  }

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
      registerResource: unary(registerResource),
      registerResourceOutputs: unary(async (request: resource.RegisterResourceOutputsRequest) => {
        await deployment.registerOutputs(request.getUrn(), propertiesOf(request.getOutputs()));
        return new empty.Empty();
      }),
      signalAndWaitForShutdown: unary(async () => {
        await deployment.programIsDone();
        return new empty.Empty();
      }),
      invoke: unary(async (request: resource.ResourceInvokeRequest) => {
        const token = request.getTok();
        const invoked = await deployment.invoke({
          token,
          ...(await failing(
            transforms.transformInvoke(token, {
              args: propertiesOf(request.getArgs()),
              provider: family.inheritedProvider(request.getProvider(), request.getParent?.() ?? "", packageOf(token)),
              plugin: packages.of(request.getPackageref?.() ?? "", {
                name: "",
                version: request.getVersion(),
                downloadUrl: request.getPlugindownloadurl(),
              }),
            }),
          )),
          dependsOn: request.getDependsonList?.() ?? [],
        });
        const response = new resource.ResourceInvokeResponse();
        if (invoked.kind === "unknown") return response.setUnknown(true);
        response.setReturn(structOf(invoked.value));
        response.setFailuresList(failureMessages(invoked.failures));
        return response;
      }),
      call: unary(async (request: resource.ResourceCallRequest) => {
        const args = rawProperties(request.getArgs());
        const self = (args.__self__ ?? {}) as Properties;
        const argDependencies = Object.fromEntries(Object.keys(args).map((key) => [key, dependenciesIn(args[key])]));
        request.getArgdependenciesMap().forEach((entry, key) => {
          argDependencies[key] = [...new Set([...entry.getUrnsList(), ...(argDependencies[key] ?? [])])];
        });
        const called = await deployment.call(
          { token: request.getTok(), args, argDependencies },
          request.getProvider() || (family.goalOf(String(self.urn ?? ""))?.provider ?? ""),
          packages.of(request.getPackageref?.() ?? "", {
            name: "",
            version: request.getVersion(),
            downloadUrl: request.getPlugindownloadurl(),
          }),
        );
        const response = new provider.CallResponse().setReturn(structOf(called.values));
        for (const [key, urns] of Object.entries(called.dependencies))
          response.getReturndependenciesMap().set(key, new provider.CallResponse.ReturnDependencies().setUrnsList(urns));
        return response.setFailuresList(failureMessages(called.failures));
      }),
      readResource: unary(async (request: resource.ReadResourceRequest) => {
        const own = family.inheritedProvider(request.getProvider(), request.getParent(), packageOf(request.getType()));
        const plugin = packages.of(request.getPackageref?.() ?? "", {
          name: "",
          version: request.getVersion(),
          downloadUrl: request.getPlugindownloadurl(),
        });
        const found = await deployment.read(goalToRead(request, own), request.getId(), plugin);
        const response = new resource.ReadResourceResponse();
        response.setUrn(found.urn);
        const outputs = found.kind === "registered" ? found.outputs : {};
        response.setProperties(structOf(request.getAcceptsecrets() ? outputs : withOpenSecrets(outputs)));
        if (found.kind === "failed") response.setResult(resource.Result.FAIL);
        return response;
      }),
      registerStackTransform: unary((request: callback.Callback) => {
        transforms.addToStack(request);
        return new empty.Empty();
      }),
      registerStackInvokeTransform: unary((request: callback.Callback) => {
        transforms.addToInvokes(request);
        return new empty.Empty();
      }),
      registerPackage: unary((request: resource.RegisterPackageRequest) => {
        return new resource.RegisterPackageResponse().setRef(packages.register(request));
      }),
      registerResourceHook: refused((request: resource.RegisterResourceHookRequest) => `the resource hook "${request.getName()}"`),
      registerErrorHook: refused((request: resource.RegisterErrorHookRequest) => `the error hook "${request.getName()}"`),
    },
  ];

  function failureMessages(failures: readonly CheckFailure[]) {
    return failures.map(({ property, reason }) => new provider.CheckFailure().setProperty(property).setReason(reason));
  }
}

/** The outputs in the form that the program's SDK accepts. Python before 3 and Node before 2 accept less. */
function accepted(outputs: Properties, request: resource.RegisterResourceRequest): Properties {
  const known = request.getSupportspartialvalues()
    ? outputs
    : Object.fromEntries(Object.entries(outputs).filter(([, value]) => !holdsUnknown(value)));
  const open = request.getAcceptsecrets() ? known : withOpenSecrets(known);
  return request.getAcceptresources() ? open : withoutReferences(open);
}

/** Newer SDKs identify features by number. An older SDK lacks the newest numbers. */
function featureNumbers({ ResourceMonitorFeature }: Protocol["resource"]): resource.ResourceMonitorFeature[] {
  const numbers = ResourceMonitorFeature as unknown as Record<string, resource.ResourceMonitorFeature | undefined>;
  return FEATURES.flatMap((name) => numbers[`RESOURCE_MONITOR_FEATURE_${name}`] ?? []);
}
