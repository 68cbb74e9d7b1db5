import * as grpc from "@grpc/grpc-js";
import { Failures } from "./failures";
import { providerService } from "./pulumiSdk";
import { providerMethods } from "./service";

/** The largest message, as in Pulumi's own SDKs. A manifest in a message can be large. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/**
 * Start the provider, and print its port, as Pulumi expects of a plugin. Pulumi ends the process.
 * @param engine address of Pulumi's engine
 * @param keepCode keeps the compiled code for the next start
 */
export async function serve(engine: string | undefined, keepCode: () => void = () => {}): Promise<void> {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  const failures = new Failures();
  process.on("uncaughtException", (error) => failures.failAll(error));
  process.on("unhandledRejection", (reason) => failures.failAll(reason));
  server.addService(providerService, providerMethods(engine, failures, keepCode));
  const port = await new Promise<number>((done, fail) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? fail(error) : done(bound)));
  });
  process.stdout.write(`${port}\n`);
}
