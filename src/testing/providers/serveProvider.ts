import type {
  CheckRequest,
  ConfigureRequest,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  ReadRequest,
  UpdateRequest,
} from "@pulumi/pulumi/proto/provider_pb";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { findSdk } from "../../engine/grpc/protocol";
import { serve, unary } from "../../engine/grpc/server";
import { nameOf, typeOf } from "../../engine/plan/urn";
import { plain } from "../../engine/providers/connection";
import type { JsonObject } from "../../json";
import { asInputs, checked, difference, foreseen } from "./decide";
import type { StandInResource } from "./standInResource";

/** A provider that listens. */
export interface StandInProvider {
  /** For `PULUMI_DEBUG_PROVIDERS=<package>:<port>`, or `providers` of `offlineStack`. */
  port: number;
  stop(): void;
}

/**
 * Serve resource types as a Pulumi provider that engines attach to (pulumi/provider.proto). It takes no secrets: an engine then gives it
 * plain values and marks what comes back by what went in, and SDKs name their secret outputs themselves.
 * @param resources by type token, as `gcp:serviceaccount/account:Account`
 */
export async function serveProvider(packageName: string, resources: Readonly<Record<string, StandInResource>>): Promise<StandInProvider> {
  const { provider, plugin, empty, struct, providerService } = findSdk(__dirname).load();
  const asStruct = (properties: JsonObject) => struct.Struct.fromJavaScript(properties as { [key: string]: JavaScriptValue });
  const typeFor = (urn: string): StandInResource => {
    const type = resources[typeOf(urn)];
    if (!type) throw new Error(`the stand-in provider ${packageName} has no ${typeOf(urn)}: it knows ${Object.keys(resources).join(", ")}`);
    return type;
  };
  const same = unary((request: CheckRequest) => new provider.CheckResponse().setInputs(request.getNews()));
  const { address, close } = await serve([
    [
      providerService,
      {
        attach: unary(() => new empty.Empty()),
        cancel: unary(() => new empty.Empty()),
        getPluginInfo: unary(() => new plugin.PluginInfo().setVersion("0.0.0")),
        checkConfig: same,
        diffConfig: unary(() => new provider.DiffResponse().setChanges(provider.DiffResponse.DiffChanges.DIFF_NONE)),
        configure: unary((_: ConfigureRequest) => new provider.ConfigureResponse().setAcceptsecrets(false).setSupportspreview(true)),
        check: unary((request: CheckRequest) => {
          const [urn, seed] = [request.getUrn(), Buffer.from(request.getRandomseed_asU8())];
          const inputs = checked(typeFor(urn), nameOf(urn), plain(request.getNews()), plain(request.getOlds()), seed);
          return new provider.CheckResponse().setInputs(asStruct(inputs));
        }),
        diff: unary((request: DiffRequest) => {
          const { diffs, replaces } = difference(typeFor(request.getUrn()), plain(request.getOldInputs()), plain(request.getNews()));
          const { DIFF_NONE, DIFF_SOME } = provider.DiffResponse.DiffChanges;
          const changes = diffs.length > 0 ? DIFF_SOME : DIFF_NONE;
          return new provider.DiffResponse().setChanges(changes).setDiffsList(diffs).setReplacesList(replaces);
        }),
        create: unary(async (request: CreateRequest) => {
          const type = typeFor(request.getUrn());
          const inputs = plain(request.getProperties());
          if (request.getPreview()) return new provider.CreateResponse().setProperties(asStruct(foreseen(type, inputs)));
          const { id, outputs } = await type.create(inputs);
          return new provider.CreateResponse().setId(id).setProperties(asStruct({ ...inputs, ...outputs }));
        }),
        read: unary(async (request: ReadRequest) => {
          const [known, inputs] = [plain(request.getProperties()), plain(request.getInputs())];
          const found = await typeFor(request.getUrn()).read(request.getId(), known);
          if (!found) return new provider.ReadResponse();
          const outputs = { ...known, ...found.outputs };
          return new provider.ReadResponse()
            .setId(found.id)
            .setProperties(asStruct(outputs))
            .setInputs(asStruct(asInputs(inputs, outputs)));
        }),
        update: unary(async (request: UpdateRequest) => {
          const type = typeFor(request.getUrn());
          const [before, inputs] = [plain(request.getOlds()), plain(request.getNews())];
          if (!type.update) throw new Error(`${typeOf(request.getUrn())} cannot be changed in place`);
          const changed = request.getPreview() ? {} : await type.update(request.getId(), inputs, before);
          return new provider.UpdateResponse().setProperties(asStruct({ ...before, ...inputs, ...changed }));
        }),
        delete: unary(async (request: DeleteRequest) => {
          await typeFor(request.getUrn()).delete(request.getId(), plain(request.getProperties()));
          return new empty.Empty();
        }),
      },
    ],
  ]);
  return { port: Number(address.split(":").at(-1)), stop: close };
}
