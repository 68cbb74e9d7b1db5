import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { startGrpcServer, unary } from "../../engine/grpc/grpcServer";
import { findSdk, type Protocol } from "../../engine/grpc/protocol";
import { propertiesFrom } from "../../engine/providers/providerConnection";
import { nameOf, typeOf } from "../../engine/urn";
import type { JsonObject } from "../../json";
import { asInputs, checked, difference, foreseen, importedInputs, unknown } from "./standInDecisions";
import type { Asked, StandInProvider, StandInResource } from "./standInProvider";

/** A provider that listens. */
export interface ServedProvider {
  /** The port, for `PULUMI_DEBUG_PROVIDERS=<package>:<port>`, or `providers` of `offlineStack`. */
  port: number;
  /** Close the port. */
  stop(): void;
}

/**
 * Serve a stand-in provider on a port of this machine, by Pulumi's provider protocol (pulumi/provider.proto). It does not accept secrets:
 * an engine then sends plain values, and marks results as secret if their inputs were. SDKs name their secret outputs themselves.
 */
export async function serveProvider(provider: StandInProvider): Promise<ServedProvider> {
  const protocol = findSdk(__dirname).load();
  const { address, close } = await startGrpcServer([[protocol.providerService, serviceOf(provider, protocol)]]);
  return { port: Number(address.split(":").at(-1)), stop: close };
}

type ProviderMessages = Protocol["provider"];
type Request<Name extends keyof ProviderMessages> = ProviderMessages[Name] extends new () => infer Message ? Message : never;

function serviceOf({ resources, functions = {} }: StandInProvider, { provider, plugin, empty, struct }: Protocol) {
  const asStruct = (properties: JsonObject): Struct =>
    struct.Struct.fromJavaScript(properties as Parameters<typeof struct.Struct.fromJavaScript>[0]);
  const { DIFF_NONE, DIFF_SOME } = provider.DiffResponse.DiffChanges;
  const about = (request: { getUrn(): string }): { type: StandInResource; asked: Asked } => {
    const urn = request.getUrn();
    const type = resources[typeOf(urn)];
    if (!type) throw new Error(`this stand-in provider has no resource ${typeOf(urn)}: it has ${Object.keys(resources).join(", ")}`);
    return { type, asked: { urn, name: nameOf(urn) } };
  };
  return {
    attach: unary(() => new empty.Empty()),
    cancel: unary(() => new empty.Empty()),
    getPluginInfo: unary(() => new plugin.PluginInfo().setVersion("0.0.0")),
    checkConfig: unary((request: Request<"CheckRequest">) => new provider.CheckResponse().setInputs(request.getNews())),
    diffConfig: unary(() => new provider.DiffResponse().setChanges(DIFF_NONE)),
    configure: unary(() => new provider.ConfigureResponse().setAcceptsecrets(false).setSupportspreview(true)),
    check: unary((request: Request<"CheckRequest">) => {
      const { type, asked } = about(request);
      const seed = Buffer.from(request.getRandomseed_asU8());
      const inputs = checked(type, asked.name, propertiesFrom(request.getNews()), propertiesFrom(request.getOlds()), seed);
      const refused = Object.entries(type.check?.(inputs, asked) ?? {});
      const failures = refused.map(([property, reason]) => new provider.CheckFailure().setProperty(property).setReason(reason));
      return new provider.CheckResponse().setInputs(asStruct(inputs)).setFailuresList(failures);
    }),
    diff: unary((request: Request<"DiffRequest">) => {
      const { type, asked } = about(request);
      const news = propertiesFrom(request.getNews());
      const { diffs, replaces } = type.differs
        ? { diffs: [...type.differs(news, propertiesFrom(request.getOlds()), asked)], replaces: [] }
        : difference(type, propertiesFrom(request.getOldInputs()), news);
      const changes = diffs.length > 0 ? DIFF_SOME : DIFF_NONE;
      return new provider.DiffResponse().setChanges(changes).setDiffsList(diffs).setReplacesList(replaces);
    }),
    create: unary(async (request: Request<"CreateRequest">) => {
      const { type, asked } = about(request);
      const inputs = propertiesFrom(request.getProperties());
      if (request.getPreview()) return new provider.CreateResponse().setProperties(asStruct(foreseen(type, inputs)));
      const { id, outputs } = await type.create(inputs, asked);
      return new provider.CreateResponse().setId(id).setProperties(asStruct({ ...inputs, ...outputs }));
    }),
    read: unary(async (request: Request<"ReadRequest">) => {
      const { type, asked } = about(request);
      const [id, known, inputs] = [request.getId(), propertiesFrom(request.getProperties()), propertiesFrom(request.getInputs())];
      const found = type.read ? await type.read(id, known, asked) : { id };
      if (!found) return new provider.ReadResponse();
      const outputs = { ...known, ...found.outputs };
      // An import knows only the id.
      const isImport = Object.keys(known).length === 0;
      return new provider.ReadResponse()
        .setId(found.id)
        .setProperties(asStruct(outputs))
        .setInputs(asStruct(isImport ? importedInputs(type, outputs) : asInputs(inputs, outputs)));
    }),
    update: unary(async (request: Request<"UpdateRequest">) => {
      const { type, asked } = about(request);
      const [before, inputs] = [propertiesFrom(request.getOlds()), propertiesFrom(request.getNews())];
      const changed = request.getPreview() ? unknown(type.recomputed) : await type.update?.(request.getId(), inputs, before, asked);
      return new provider.UpdateResponse().setProperties(asStruct({ ...before, ...inputs, ...changed }));
    }),
    delete: unary(async (request: Request<"DeleteRequest">) => {
      const { type, asked } = about(request);
      await type.delete?.(request.getId(), propertiesFrom(request.getProperties()), asked);
      return new empty.Empty();
    }),
    invoke: unary(async (request: Request<"InvokeRequest">) => {
      const known = functions[request.getTok()];
      if (!known) throw new Error(`this stand-in provider has no function ${request.getTok()}`);
      return new provider.InvokeResponse().setReturn(asStruct(await known(propertiesFrom(request.getArgs()))));
    }),
  };
}
