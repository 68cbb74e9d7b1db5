import type * as provider from "@pulumi/pulumi/proto/provider_pb";
import type { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Protocol } from "../grpc/protocol";
import type { Construction, MethodCall, Surroundings, WithDependencies } from "../hostedProvider";
import { asOutputValues, dependenciesIn, fromProgram, type Properties } from "../propertyWire";
import { propertiesFrom } from "./providerConnection";

/** The request to construct a remote component, with the fields that Pulumi's engine sets. */
export function constructRequest(
  { provider, struct }: Protocol,
  { type, name, parent, inputs, inputDependencies, dependencies, providers, options }: Construction,
  surroundings: Surroundings,
  acceptsOutputs: boolean,
): provider.ConstructRequest {
  const request = new provider.ConstructRequest();
  addSurroundings(request, surroundings);
  request.setType(type).setName(name).setParent(parent).setDependenciesList(dependencies).setAcceptsOutputValues(true);
  request.setInputs(structFrom(struct, inputs, acceptsOutputs));
  for (const [key, urns] of Object.entries(inputDependencies))
    request.getInputdependenciesMap().set(key, new provider.ConstructRequest.PropertyDependencies().setUrnsList(urns));
  for (const [key, reference] of Object.entries(providers)) request.getProvidersMap().set(key, reference);
  request.setAliasesList(options.getAliasesList()).setDeletedwith(options.getDeletedWith());
  request.setAdditionalsecretoutputsList(options.getAdditionalSecretOutputsList());
  request.setIgnorechangesList(options.getIgnoreChangesList()).setReplaceonchangesList(options.getReplaceOnChangesList());
  if (options.hasProtect()) request.setProtect(options.getProtect() ?? false);
  if (options.hasRetainOnDelete()) request.setRetainondelete(options.getRetainOnDelete() ?? false);
  if (options.hasDeleteBeforeReplace()) request.setDeletebeforereplace(options.getDeleteBeforeReplace() ?? false);
  const timeouts = options.getCustomTimeouts();
  if (timeouts) {
    const copied = new provider.ConstructRequest.CustomTimeouts();
    copied.setCreate(timeouts.getCreate()).setUpdate(timeouts.getUpdate()).setDelete(timeouts.getDelete());
    request.setCustomtimeouts(copied);
  }
  return request;
}

/** The request to call a method, with the fields that Pulumi's engine sets. */
export function callRequest(
  { provider, struct }: Protocol,
  { token, args, argDependencies }: MethodCall,
  surroundings: Surroundings,
  acceptsOutputs: boolean,
): provider.CallRequest {
  const request = new provider.CallRequest();
  addSurroundings(request, surroundings);
  request
    .setTok(token)
    .setArgs(structFrom(struct, args, acceptsOutputs))
    .setAcceptsOutputValues(true);
  for (const [key, urns] of Object.entries(argDependencies))
    request.getArgdependenciesMap().set(key, new provider.CallRequest.ArgumentDependencies().setUrnsList(urns));
  return request;
}

/** The answer without output values, whose dependencies are added to those that the answer lists. */
export function withDependenciesOf(
  struct: Struct | undefined,
  listed: { forEach(each: (entry: { getUrnsList(): string[] }, key: string) => void): void },
): WithDependencies {
  const raw = propertiesFrom(struct);
  const dependencies = Object.fromEntries(Object.keys(raw).map((key) => [key, dependenciesIn(raw[key])]));
  listed.forEach((entry, key) => {
    dependencies[key] = [...new Set([...entry.getUrnsList(), ...(dependencies[key] ?? [])])];
  });
  return { values: fromProgram(raw) as Properties, dependencies };
}

function addSurroundings(
  request: provider.ConstructRequest | provider.CallRequest,
  { project, stack, config, dryRun, parallel, monitor }: Surroundings,
): void {
  request.setProject(project).setStack(stack).setOrganization("organization").setDryrun(dryRun).setParallel(parallel);
  request.setMonitorendpoint(monitor).setConfigsecretkeysList(config.secretKeys);
  for (const [key, value] of Object.entries(config.values)) request.getConfigMap().set(key, value);
}

function structFrom(struct: Protocol["struct"], properties: Properties, acceptsOutputs: boolean): Struct {
  const sent = acceptsOutputs ? asOutputValues(properties) : fromProgram(properties);
  return struct.Struct.fromJavaScript(sent as { [key: string]: JavaScriptValue });
}
