import * as grpc from "@grpc/grpc-js";
import type { Any } from "google-protobuf/google/protobuf/any_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Protocol } from "../grpc/protocol";
import { MOST_BYTES } from "../grpc/server";
import type { Properties } from "../wire";
import { PartialFailure, ProviderError } from "./provider";

/** How long a provider has to answer its first call after it said its port. */
const CONNECT_MS = 30_000;

/** The methods of pulumi/provider.proto that the engine calls, as grpc-js spells them. */
export type Method =
  | "handshake"
  | "attach"
  | "getPluginInfo"
  | "checkConfig"
  | "diffConfig"
  | "configure"
  | "invoke"
  | "check"
  | "diff"
  | "create"
  | "read"
  | "update"
  | "delete"
  | "cancel";

/** What a protobuf message has, as far as it is needed here. */
interface Message {
  toObject(): object;
}

type Call = (request: unknown, done: (error: grpc.ServiceError | null, response: unknown) => void) => void;

type Client = grpc.Client & Partial<Record<Method, Call>>;

/** A provider's gRPC service at a port of this machine. Errors come as what the provider said, without gRPC's own words. */
export class Connection {
  readonly #client: Client;

  constructor(
    readonly protocol: Protocol,
    readonly address: string,
    /** Stands between the engine and the provider: see `EngineOptions.intercept`. */
    readonly intercept?: (method: Method, request: Properties, proceed: () => Promise<unknown>) => Promise<unknown>,
  ) {
    const size = { "grpc.max_receive_message_length": MOST_BYTES, "grpc.max_send_message_length": MOST_BYTES };
    this.#client = new protocol.ProviderClient(address, grpc.credentials.createInsecure(), {
      ...size,
      // It is on this machine, whatever proxy the environment names.
      "grpc.enable_http_proxy": 0,
    }) as Client;
  }

  /** Wait until the service can be reached. */
  ready(): Promise<void> {
    return new Promise((done, fail) => this.#client.waitForReady(Date.now() + CONNECT_MS, (error) => (error ? fail(error) : done())));
  }

  /**
   * @throws {PartialFailure} if the provider did it, and says that the result is not well
   * @throws {ProviderError} with the provider's words
   */
  call<Response>(method: Method, request: Message): Promise<Response> {
    const proceed = () => this.#call<Response>(method, request);
    if (!this.intercept) return proceed();
    return this.intercept(method, inPlainWords(request), proceed) as Promise<Response>;
  }

  #call<Response>(method: Method, request: Message): Promise<Response> {
    return new Promise((done, fail) => {
      const call = this.#client[method];
      if (!call) throw new Error(`pulumi/provider.proto of this SDK has no ${method}`);
      call.call(this.#client, request, (error, response) => (error ? fail(this.#failureOf(error)) : done(response as Response)));
    });
  }

  close(): void {
    this.#client.close();
  }

  #failureOf(error: grpc.ServiceError): Error {
    const [details] = error.metadata?.get("grpc-status-details-bin") ?? [];
    return (
      (details && this.#partialFailureOf(details as Buffer)) ||
      new ProviderError(error.details || error.message, error.code === grpc.status.UNIMPLEMENTED)
    );
  }

  #partialFailureOf(bytes: Buffer): PartialFailure | undefined {
    const { provider, status } = this.protocol;
    for (const any of status.Status.deserializeBinary(bytes).getDetailsList() as Any[]) {
      if (any.getTypeName() !== "pulumirpc.ErrorResourceInitFailed") continue;
      const failed = provider.ErrorResourceInitFailed.deserializeBinary(any.getValue_asU8());
      const inputs = failed.getInputs();
      return new PartialFailure(failed.getId(), plain(failed.getProperties()), failed.getReasonsList(), inputs && plain(inputs));
    }
    return undefined;
  }
}

export function plain(struct: Struct | undefined): Properties {
  return (struct?.toJavaScript() ?? {}) as Properties;
}

/** A request as an object of its fields, by their names in the protocol: properties as they go over the wire, what is empty left out. */
function inPlainWords(request: Message): Properties {
  const entries = Object.entries(request.toObject()).flatMap(([field, value]) => {
    const [, name = field, kind] = /^(.*?)(List|Map)?$/.exec(field) ?? [];
    if (value === undefined || value === "" || value === false || value === 0 || (Array.isArray(value) && value.length === 0)) return [];
    if (kind === "Map") return [[name, Object.fromEntries(value as [string, Properties[string]][])] as const];
    if (typeof value === "object" && "fieldsMap" in (value as object)) {
      const getter = `get${name[0]?.toUpperCase()}${name.slice(1)}` as keyof Message;
      return [[name, plain((request[getter] as unknown as () => Struct).call(request))] as const];
    }
    return [[name, value] as const];
  });
  return Object.fromEntries(entries);
}
