import * as grpc from "@grpc/grpc-js";
import type { Any } from "google-protobuf/google/protobuf/any_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { MAX_MESSAGE_BYTES } from "../grpc/grpcServer";
import type { Protocol } from "../grpc/protocol";
import type { Properties } from "../propertyWire";
import { type CheckFailure, PartialFailure, ProviderError } from "../provider";

/** How long a provider may take to acknowledge a cancellation, in milliseconds. Then its process is ended. */
const CANCEL_MS = 3000;
/** How long to wait for the exit of the process after its connection broke, in milliseconds. */
const ENDED_MS = 1000;

/** The provider to connect to. */
export interface ProviderConnectionOptions {
  /** The package of the provider, for messages. */
  name: string;
  address: string;
  /** Resolves with how the provider's process ended. Absent: pushpool did not start the process. */
  ended?: Promise<string>;
  /** Stands between the engine and the provider: see `EngineOptions.intercept`. */
  intercept?: (method: Method, request: Properties, proceed: () => Promise<unknown>) => Promise<unknown>;
}

/** The methods of pulumi/provider.proto that the engine calls, in grpc-js's spelling. */
export type Method =
  | "handshake"
  | "attach"
  | "getPluginInfo"
  | "checkConfig"
  | "diffConfig"
  | "configure"
  | "invoke"
  | "construct"
  | "getSchema"
  | "call"
  | "check"
  | "diff"
  | "create"
  | "read"
  | "update"
  | "delete"
  | "cancel";

/** The part of a protobuf message that is used here. */
interface Message {
  toObject(): object;
}

type Call = (request: unknown, options: grpc.CallOptions, done: (error: grpc.ServiceError | null, response: unknown) => void) => void;

type Client = grpc.Client & Partial<Record<Method, Call>>;

/** A connection to a provider's gRPC service on this machine. Errors carry the provider's message, without gRPC's prefix. */
export class ProviderConnection {
  readonly #client: Client;

  readonly #options: ProviderConnectionOptions;

  constructor(
    readonly protocol: Protocol,
    options: ProviderConnectionOptions,
  ) {
    this.#options = options;
    const size = { "grpc.max_receive_message_length": MAX_MESSAGE_BYTES, "grpc.max_send_message_length": MAX_MESSAGE_BYTES };
    const ProviderClient = grpc.makeGenericClientConstructor(protocol.providerService, "ResourceProvider");
    this.#client = new ProviderClient(options.address, grpc.credentials.createInsecure(), {
      ...size,
      // The provider is on this machine, so the environment's proxy must not be used.
      "grpc.enable_http_proxy": 0,
    }) as Client;
  }

  /**
   * Wait until the service can be reached.
   * @param limitMs the longest wait, in milliseconds, or infinite
   */
  ready(limitMs: number): Promise<void> {
    return new Promise((done, fail) => this.#client.waitForReady(Date.now() + limitMs, (error) => (error ? fail(error) : done())));
  }

  /**
   * @throws {PartialFailure} if the resource exists, but its initialization failed
   * @throws {ProviderError} with the provider's message
   */
  call<Response>(method: Method, request: Message): Promise<Response> {
    const proceed = () => this.#call<Response>(method, request);
    const { intercept } = this.#options;
    if (!intercept) return proceed();
    return intercept(method, plainRequest(request), proceed) as Promise<Response>;
  }

  #call<Response>(method: Method, request: Message): Promise<Response> {
    return new Promise((done, fail) => {
      const call = this.#client[method];
      if (!call) throw new Error(`pulumi/provider.proto of this SDK has no ${method}`);
      const options = method === "cancel" ? { deadline: Date.now() + CANCEL_MS } : {};
      call.call(this.#client, request, options, (error, response) => {
        if (error) this.#failureOf(error, method).then(fail, fail);
        else done(response as Response);
      });
    });
  }

  close(): void {
    this.#client.close();
  }

  async #failureOf(error: grpc.ServiceError, method: Method): Promise<Error> {
    const { name, ended } = this.#options;
    if (error.code === grpc.status.UNAVAILABLE && ended) {
      const how = await Promise.race([ended, new Promise<undefined>((done) => setTimeout(done, ENDED_MS, undefined))]);
      if (how !== undefined)
        return new ProviderError(`the provider ${name} ${how.replace(/(?=\n|$)/, ` while it was asked to ${method}`)}`);
    }
    const [details] = error.metadata?.get("grpc-status-details-bin") ?? [];
    return (
      (details && this.#partialFailureOf(details as Buffer)) ||
      new ProviderError(
        error.details || error.message,
        error.code === grpc.status.UNIMPLEMENTED,
        details ? this.#rejectedIn(details as Buffer) : [],
      )
    );
  }

  /** The inputs of a remote component that its provider rejects. */
  #rejectedIn(bytes: Buffer): CheckFailure[] {
    const { errors, status } = this.protocol;
    return (status.Status.deserializeBinary(bytes).getDetailsList() as Any[])
      .filter((any) => any.getTypeName() === "pulumirpc.InputPropertiesError")
      .flatMap((any) => errors.InputPropertiesError.deserializeBinary(any.getValue_asU8()).getErrorsList())
      .map((error) => ({ property: error.getPropertyPath(), reason: error.getReason() }));
  }

  #partialFailureOf(bytes: Buffer): PartialFailure | undefined {
    const { provider, status } = this.protocol;
    for (const any of status.Status.deserializeBinary(bytes).getDetailsList() as Any[]) {
      if (any.getTypeName() !== "pulumirpc.ErrorResourceInitFailed") continue;
      const failed = provider.ErrorResourceInitFailed.deserializeBinary(any.getValue_asU8());
      const inputs = failed.getInputs();
      return new PartialFailure(
        failed.getId(),
        propertiesFrom(failed.getProperties()),
        failed.getReasonsList(),
        inputs && propertiesFrom(inputs),
      );
    }
    return undefined;
  }
}

export function propertiesFrom(struct: Struct | undefined): Properties {
  return (struct?.toJavaScript() ?? {}) as Properties;
}

/** A request as a plain object, with the field names of the protocol. Properties are in wire format, and empty fields are left out. */
function plainRequest(request: Message): Properties {
  const entries = Object.entries(request.toObject()).flatMap(([field, value]) => {
    const [, name = field, kind] = /^(.*?)(List|Map)?$/.exec(field) ?? [];
    if (value === undefined || value === "" || value === false || value === 0 || (Array.isArray(value) && value.length === 0)) return [];
    if (kind === "Map") return [[name, Object.fromEntries(value as [string, Properties[string]][])] as const];
    if (typeof value === "object" && "fieldsMap" in (value as object)) {
      const getter = `get${name[0]?.toUpperCase()}${name.slice(1)}` as keyof Message;
      return [[name, propertiesFrom((request[getter] as unknown as () => Struct).call(request))] as const];
    }
    return [[name, value] as const];
  });
  return Object.fromEntries(entries);
}
