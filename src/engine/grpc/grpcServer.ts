import * as grpc from "@grpc/grpc-js";

/** The largest message that Pulumi's own engine accepts: 400 MB. */
export const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/** Start a gRPC server on a free loopback port. */
export async function startGrpcServer(
  services: [grpc.ServiceDefinition, grpc.UntypedServiceImplementation][],
): Promise<{ address: string; close(): void }> {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  for (const [definition, implementation] of services) server.addService(definition, implementation);
  const port = await new Promise<number>((done, fail) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? fail(error) : done(bound)));
  });
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

type Reply<Response> = (error: Partial<grpc.ServiceError> | null, response?: Response) => void;

/** A unary handler from a promise function. An error that it throws becomes the error of the call. */
export function unary<Request, Response>(handle: (request: Request) => Promise<Response> | Response) {
  return ({ request }: { request: Request }, reply: Reply<Response>): void => {
    Promise.resolve()
      .then(() => handle(request))
      .then(
        (response) => reply(null, response),
        (error: Error) => reply({ code: grpc.status.UNKNOWN, details: error.message, message: error.message }),
      );
  };
}
