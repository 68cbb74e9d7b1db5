import * as pulumi from "@pulumi/pulumi";
import type { ConstructRequest, ConstructResponse } from "@pulumi/pulumi/proto/provider_pb";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { serveComponents } from "../components/served";
import type { JsonObject } from "../src/json";
import { UserError } from "../src/userError";
import { componentOf } from "./components";
import { constructInputs } from "./constructInputs";
import { constructOptions } from "./constructOptions";
import { asDefinition } from "./definitionText";
import { packageSchema, type TypeSpec } from "./packageSchema";
import { proto, pulumiInternals } from "./pulumiSdk";

/**
 * Construct a component for a program in another language, with the same class as in TypeScript.
 * @param engine address of Pulumi's engine
 * @throws {UserError} for an unknown type; also throws what the class throws
 */
export async function construct(request: ConstructRequest, engine: string): Promise<ConstructResponse> {
  const { localState } = pulumiInternals();
  // The SDK keeps a program's settings in one place, and calls overlap.
  return localState.withLocalStorage(() => constructHere(request, engine));
}

/** Load what most components need, before the first one is asked for. */
export function loadShared(): void {
  const { version } = packageSchema();
  serveComponents(version);
  pulumiInternals();
  componentOf("pushpool:index:ProcessPushPool");
}

async function constructHere(request: ConstructRequest, engine: string): Promise<ConstructResponse> {
  const type = request.getType();
  const name = request.getName();
  const spec = packageSchema().resources[type];
  if (!spec?.isComponent) throw new UserError(`this pushpool has no component ${type}`);
  await enterProgram(request, engine);
  serveComponents(packageSchema().version);
  const { settings, rpc } = pulumiInternals();
  const inputs = (request.getInputs()?.toJavaScript() ?? {}) as JsonObject;
  const of = { type: type.split(":")[2] ?? type, name };
  const args = constructInputs(inputs, dependenciesOf(request), spec.inputProperties, of);
  const Component = componentOf(type);
  const component = new Component(name, args, constructOptions(request) as pulumi.ComponentResourceOptions);

  const response = new proto.provider.ConstructResponse();
  const [urn, [state, dependencies]] = await Promise.all([
    new Promise<string>((done) => component.urn.apply(done)),
    rpc.serializeResourceProperties(`construct(${type}, ${name})`, outputsOf(component, spec.properties)),
  ]);
  response.setUrn(urn);
  for (const [key, resources] of dependencies) {
    const urns = await Promise.all(
      [...resources].map((resource) => new Promise<string>((done) => pulumi.output(resource.urn).apply(done))),
    );
    const on = new proto.provider.ConstructResponse.PropertyDependencies();
    on.setUrnsList(urns);
    response.getStatedependenciesMap().set(key, on);
  }
  response.setState(proto.struct.Struct.fromJavaScript(state as { [key: string]: JavaScriptValue }));
  await settings.waitForRPCs();
  return response;
}

/** The connection to a program's engine, and what that supports. */
interface EngineLink {
  monitor: unknown;
  features: Record<string, unknown>;
}

/**
 * The connection to the last program's engine. A program constructs many components, and most of its calls arrive at once: all share one
 * connection and one question, from the first call on.
 */
let last: { address: string; connection: Promise<EngineLink> } | undefined;

/** Make the SDK act in the program that asks: with its engine, project, stack and configuration. */
async function enterProgram(request: ConstructRequest, engine: string): Promise<void> {
  const { settings, localState } = pulumiInternals();
  const address = request.getMonitorendpoint();
  settings.resetOptions(
    request.getProject(),
    request.getStack(),
    request.getParallel(),
    engine,
    address,
    request.getDryrun(),
    request.getOrganization(),
  );
  const store = localState.getStore();
  const { monitor, features } = await connectionTo(address);
  Object.assign(store, features);
  store.settings.monitor = monitor;
  const config = Object.fromEntries(request.getConfigMap().entries()) as Record<string, string>;
  pulumi.runtime.setAllConfig(config, request.getConfigsecretkeysList());
}

/** The connection to an engine. It is made in the settings of the call that needs it first, and kept unless it fails. */
function connectionTo(address: string): Promise<EngineLink> {
  if (last?.address === address) return last.connection;
  const connection = connect();
  last = { address, connection };
  connection.catch(() => {
    if (last?.connection === connection) last = undefined;
  });
  return connection;
}

async function connect(): Promise<EngineLink> {
  const { settings, localState } = pulumiInternals();
  await settings.awaitFeatureSupport();
  const store = localState.getStore();
  const features = Object.entries(store).filter(([name]) => name.startsWith("supports"));
  return { monitor: store.settings.monitor, features: Object.fromEntries(features) };
}

function dependenciesOf(request: ConstructRequest): Map<string, string[]> {
  const found = new Map<string, string[]>();
  request.getInputdependenciesMap().forEach((on, name) => {
    found.set(name, on.getUrnsList());
  });
  return found;
}

/** What the schema promises as outputs. A definition becomes a JSON string. */
function outputsOf(component: object, specs: Record<string, TypeSpec>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { type }]) => {
      const value = (component as Record<string, unknown>)[name];
      const isTree = typeof value === "object" && value !== null && !pulumi.Output.isInstance(value);
      return [name, type === "string" && isTree ? asDefinition(value as Record<string, unknown>) : value];
    }),
  );
}
