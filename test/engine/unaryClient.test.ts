import { AsyncLocalStorage } from "node:async_hooks";
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { UnaryClient } from "../../src/engine/grpc/unaryClient";

const text = (value: unknown) => Buffer.from(String(value));
const method = (name: string): grpc.MethodDefinition<unknown, string> => ({
  path: `/acme.Acme/${name}`,
  requestStream: false,
  responseStream: false,
  requestSerialize: text,
  // A blank string would be no request for grpc-js.
  requestDeserialize: (bytes) => ({ toString: () => String(bytes) }),
  responseSerialize: text,
  responseDeserialize: String,
});
const ACME = { echo: method("Echo"), refuse: method("Refuse"), wait: method("Wait") };

type Ended = { response: string } | { code: number; details: string; metadata: Record<string, unknown> };
type Reply = (error: grpc.ServiceError | null, response?: string) => void;

function ending(start: (done: Reply) => void): Promise<Ended> {
  return new Promise((done) =>
    start((error, response = "") =>
      done(error ? { code: error.code, details: error.details, metadata: error.metadata.getMap() } : { response }),
    ),
  );
}

/** A service by grpc-js, as a provider or Pulumi's engine has it. */
async function acme(): Promise<{ address: string; stop(): void; waiting: Promise<unknown> }> {
  const server = new grpc.Server();
  const { promise: waiting, resolve } = Promise.withResolvers<unknown>();
  server.addService(ACME, {
    echo: ({ request }: { request: unknown }, reply: Reply) => reply(null, String(request)),
    refuse: (_: unknown, reply: (error: Partial<grpc.ServiceError>) => void) => {
      const metadata = new grpc.Metadata();
      metadata.set("grpc-status-details-bin", Buffer.from([0, 1, 254]));
      reply({ code: grpc.status.INVALID_ARGUMENT, details: "100 % wrong:\nnot é, %41 or \u{1f600}", metadata });
    },
    wait: resolve,
  });
  const port = await new Promise<number>((done, fail) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? fail(error) : done(bound))),
  );
  const stop = () => server.forceShutdown();
  onTestFinished(stop);
  return { address: `127.0.0.1:${port}`, stop, waiting };
}

function clientAt(address: string): UnaryClient {
  const client = new UnaryClient(address);
  onTestFinished(() => client.close());
  return client;
}

const asked = (client: UnaryClient, name: string, request = "", limitMs?: number) =>
  ending((done) => client.call(method(name), request, done, limitMs));

async function listening(server: Server): Promise<string> {
  const open = new Set<Socket>();
  server.on("connection", (socket) => open.add(socket));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test.each([
  ["a method", "Echo", "hello"],
  ["a message without content", "Echo", ""],
  ["a message of some megabytes", "Echo", "é".repeat(2_000_000)],
  ["a method that refuses, with details", "Refuse", ""],
  ["a method that does not exist", "Missing", ""],
])("%s ends as a call by grpc-js does", async (_, name, request) => {
  const { address } = await acme();
  const sizes = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
  const theirs = new grpc.Client(address, grpc.credentials.createInsecure(), sizes);
  onTestFinished(() => theirs.close());
  const { path, requestSerialize, responseDeserialize } = method(name);
  const expected = await ending((done) => theirs.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, done));
  const withoutDate = (ended: Ended) => ("response" in ended ? ended : { ...ended, metadata: ended.metadata["grpc-status-details-bin"] });
  expect(withoutDate(await asked(clientAt(address), name, request))).toEqual(withoutDate(expected));
});

test("hundreds of calls at once each get their own answer, in their own context", async () => {
  const client = clientAt((await acme()).address);
  const context = new AsyncLocalStorage<number>();
  const contexts = Array.from({ length: 300 }, (_, n) =>
    context.run(n, () => new Promise((done) => client.call(ACME.echo, String(n), (_error, answer) => done([answer, context.getStore()])))),
  );
  expect(await Promise.all(contexts)).toEqual(Array.from({ length: 300 }, (_, n) => [String(n), n]));
});

test("a connection that is lost ends its calls; the next call connects again", async () => {
  const { address, stop, waiting } = await acme();
  const client = clientAt(address);
  const lost = asked(client, "Wait");
  await waiting;
  stop();
  expect(await lost).toMatchObject({ code: grpc.status.UNAVAILABLE, details: expect.stringMatching(/./) });
  expect(await asked(client, "Echo")).toMatchObject({ code: grpc.status.UNAVAILABLE, details: expect.stringContaining("ECONNREFUSED") });
  const again = createHttp2Server();
  again.on("stream", (stream: ServerHttp2Stream) => stream.respond({ ":status": 200, "grpc-status": "7" }, { endStream: true }));
  await new Promise<void>((done) => again.listen(Number(address.split(":")[1]), "127.0.0.1", done));
  onTestFinished(() => void again.close());
  expect(await asked(client, "Echo")).toMatchObject({ code: grpc.status.PERMISSION_DENIED });
  client.close();
});

test("a call without an answer ends after its limit", async () => {
  const client = clientAt((await acme()).address);
  expect(await asked(client, "Wait", "", 100)).toMatchObject({ code: grpc.status.DEADLINE_EXCEEDED, details: "no answer within 100 ms" });
  expect(await asked(client, "Echo", "still there", 10_000)).toEqual({ response: "still there" });
});

test.each<[string, (stream: ServerHttp2Stream) => void, object]>([
  [
    "the HTTP status 404",
    (stream) => stream.respond({ ":status": 404 }, { endStream: true }),
    { code: grpc.status.UNIMPLEMENTED, details: "the answer has the HTTP status 404" },
  ],
  ["a stream without a status", (stream) => stream.respond({ ":status": 200 }, { endStream: true }), { code: grpc.status.UNAVAILABLE }],
  [
    "half a message",
    (stream) => {
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.from([0, 0, 0, 0, 9, 65]));
    },
    { code: grpc.status.INTERNAL, details: "the answer is not one message: it has 6 bytes" },
  ],
])("an answer that is %s is an error", async (_, answer, expected) => {
  const server = createHttp2Server();
  server.on("stream", (stream) => answer(stream));
  expect(await asked(clientAt(await listening(server)), "Echo")).toMatchObject(expected);
});

test("a service that starts late is waited for, and one that says nothing is given up", async () => {
  const taken = createServer();
  const address = await listening(taken);
  await new Promise((done) => taken.close(done));
  const client = clientAt(address);
  const waited = client.ready(60_000);
  setTimeout(() => {
    const server = createHttp2Server();
    onTestFinished(() => void server.close());
    server.listen(Number(address.split(":")[1]), "127.0.0.1");
  }, 300);
  await waited;
  client.close();
  expect(await asked(client, "Echo")).toMatchObject({ code: grpc.status.UNAVAILABLE, details: "the connection was closed" });
  const silent = clientAt(await listening(createServer()));
  await expect(silent.ready(200)).rejects.toThrow("Failed to connect before the deadline");
  const endless = silent.ready(Number.POSITIVE_INFINITY);
  setTimeout(() => silent.close(), 50);
  await expect(endless).rejects.toThrow("the connection was closed");
});
