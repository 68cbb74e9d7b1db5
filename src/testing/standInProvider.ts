import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { findSdk, type Protocol } from "../engine/grpc/protocol";
import { serve, unary } from "../engine/grpc/server";
import { compareInputs } from "../engine/plan/diff";
import { holdsUnknown, type Properties, UNKNOWN, withoutSecrets } from "../engine/wire";

/** A resource that a stand-in provider is asked about. */
export interface Asked {
  urn: string;
  /** As the program's SDK names it: `aws:s3/bucket:Bucket`. */
  type: string;
  name: string;
}

/**
 * What a package's provider does, as far as a test needs it. Properties are plain JSON: secrets are open here, and the engine keeps them marked.
 *
 * ```ts
 * const acme: StandInProvider = {
 *   replaceOn: ["region"],
 *   create: ({ name }, inputs) => ({ id: `${name}-1`, outputs: { ...inputs, url: `https://${name}.test` } }),
 * };
 * ```
 */
export interface StandInProvider {
  /** Top-level properties whose change is a replacement. @default none: every change is an update */
  replaceOn?: string[];
  /** Properties that only a create or an update makes known: unknown in previews. @default whatever `create` adds is undefined in previews */
  computed?: string[];
  /** Why the inputs are refused, by property. @default they are not */
  check?(asked: Asked, inputs: Properties): Record<string, string> | undefined;
  create(asked: Asked, inputs: Properties): { id: string; outputs: Properties } | Promise<{ id: string; outputs: Properties }>;
  /** @returns the outputs. @default the old ones with the new inputs over them */
  update?(asked: Asked, id: string, olds: Properties, inputs: Properties): Properties | Promise<Properties>;
  /** @returns what there is, or nothing if it is gone. @default as it was */
  read?(asked: Asked, id: string, outputs: Properties): Properties | undefined | Promise<Properties | undefined>;
  /** @default nothing */
  delete?(asked: Asked, id: string, outputs: Properties): void | Promise<void>;
  /** A function of the package. @default none is known */
  invoke?(token: string, args: Properties): Properties | Promise<Properties>;
}

/** A provider that the engine can attach to. */
export interface ServedProvider {
  port: number;
  close(): void;
}

/** Serve a stand-in provider on a port of this machine, over Pulumi's provider protocol: for `providers`, or for `PULUMI_DEBUG_PROVIDERS`. */
export async function serveProvider(provider: StandInProvider, folder = process.cwd()): Promise<ServedProvider> {
  const protocol = findSdk(folder).load();
  const { address, close } = await serve([[protocol.providerService, serviceOf(provider, protocol)]]);
  return { port: Number(address.split(":")[1]), close };
}

type ProviderMessages = Protocol["provider"];
type Request<Name extends keyof ProviderMessages> = ProviderMessages[Name] extends new () => infer Message ? Message : never;

function serviceOf(stand: StandInProvider, { provider, plugin, empty, struct }: Protocol) {
  const sent = (properties: Properties) => struct.Struct.fromJavaScript(properties as Parameters<typeof struct.Struct.fromJavaScript>[0]);
  const got = (properties: Struct | undefined) => withoutSecrets((properties?.toJavaScript() ?? {}) as Properties);
  const unknown = (inputs: Properties) => ({ ...inputs, ...Object.fromEntries((stand.computed ?? []).map((key) => [key, UNKNOWN])) });
  const about = (request: { getUrn(): string; getType(): string; getName(): string }): Asked => ({
    urn: request.getUrn(),
    type: request.getType(),
    name: request.getName(),
  });
  return {
    handshake: unary(() => new provider.ProviderHandshakeResponse()),
    attach: unary(() => new empty.Empty()),
    getPluginInfo: unary(() => new plugin.PluginInfo().setVersion("0.0.0")),
    checkConfig: unary((request: Request<"CheckRequest">) => new provider.CheckResponse().setInputs(request.getNews())),
    diffConfig: unary(() => new provider.DiffResponse()),
    configure: unary(() => new provider.ConfigureResponse().setSupportspreview(true)),
    check: unary((request: Request<"CheckRequest">) => {
      const inputs = got(request.getNews());
      const refused = Object.entries(stand.check?.(about(request), inputs) ?? {});
      const failures = refused.map(([property, reason]) => new provider.CheckFailure().setProperty(property).setReason(reason));
      return new provider.CheckResponse().setInputs(sent(inputs)).setFailuresList(failures);
    }),
    diff: unary((request: Request<"DiffRequest">) => {
      const { diffs } = compareInputs(got(request.getOldInputs()), got(request.getNews()));
      const { DiffChanges } = provider.DiffResponse;
      const response = new provider.DiffResponse()
        .setDiffsList(diffs)
        .setReplacesList(diffs.filter((key) => stand.replaceOn?.includes(key)));
      return response.setChanges(diffs.length > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE);
    }),
    create: unary(async (request: Request<"CreateRequest">) => {
      const inputs = got(request.getProperties());
      if (request.getPreview()) return new provider.CreateResponse().setProperties(sent(unknown(inputs)));
      const { id, outputs } = await stand.create(about(request), inputs);
      return new provider.CreateResponse().setId(id).setProperties(sent(outputs));
    }),
    update: unary(async (request: Request<"UpdateRequest">) => {
      const [olds, inputs] = [got(request.getOlds()), got(request.getNews())];
      const merged = { ...olds, ...inputs };
      const preview = request.getPreview() || holdsUnknown(inputs);
      const outputs = preview || !stand.update ? merged : await stand.update(about(request), request.getId(), olds, inputs);
      return new provider.UpdateResponse().setProperties(sent(outputs));
    }),
    read: unary(async (request: Request<"ReadRequest">) => {
      const outputs = got(request.getProperties());
      const found = stand.read ? await stand.read(about(request), request.getId(), outputs) : outputs;
      if (!found) return new provider.ReadResponse();
      return new provider.ReadResponse().setId(request.getId()).setProperties(sent(found)).setInputs(request.getInputs());
    }),
    delete: unary(async (request: Request<"DeleteRequest">) => {
      await stand.delete?.(about(request), request.getId(), got(request.getProperties()));
      return new empty.Empty();
    }),
    invoke: unary(async (request: Request<"InvokeRequest">) => {
      if (!stand.invoke) throw new Error(`this stand-in provider knows no function ${request.getTok()}`);
      return new provider.InvokeResponse().setReturn(sent(await stand.invoke(request.getTok(), got(request.getArgs()))));
    }),
    cancel: unary(() => new empty.Empty()),
  };
}
