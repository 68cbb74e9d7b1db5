import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { onTestFinished } from "vitest";
import { SDK_FLAGS } from "../../src/engine/sdkFlags";
import type { JsonObject } from "../../src/json";

const require = createRequire(__filename);

/** Pulumi's own provider process for dynamic resources, called as the engine calls it. */
export interface DynamicProvider {
  pid: number;
  check(olds: JsonObject, news: JsonObject): Promise<{ inputs: JsonObject; failures: string[] }>;
  diff(id: string, olds: JsonObject, news: JsonObject): Promise<{ changes: boolean; replaces: string[]; deleteBeforeReplace: boolean }>;
  create(inputs: JsonObject): Promise<{ id: string; outs: JsonObject }>;
  read(id: string, props: JsonObject): Promise<{ id: string; props: JsonObject }>;
  update(id: string, olds: JsonObject, news: JsonObject): Promise<JsonObject>;
  delete(id: string, props: JsonObject): Promise<void>;
  /** Its output so far, which Pulumi shows to the user. */
  output(): string;
  /** Like `kill -9`. */
  kill(): Promise<void>;
}

/** The error of an operation: its message, and the resource that exists in spite of it. */
export interface Failure {
  message: string;
  partial?: { id: string; properties: JsonObject; reasons: string[] };
}

/** Start a provider in a program's folder. It ends with the test. */
export async function dynamicProvider(dir: string, env: NodeJS.ProcessEnv): Promise<DynamicProvider> {
  const child = spawn(process.execPath, [...SDK_FLAGS, require.resolve("@pulumi/pulumi/cmd/dynamic-provider"), "127.0.0.1:1"], {
    cwd: dir,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((done) => child.on("close", () => done()));
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  onTestFinished(kill);
  const output: string[] = [];
  const port = await firstLine(child, output);
  const { ResourceProviderClient } = require("@pulumi/pulumi/proto/provider_grpc_pb");
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  onTestFinished(() => client.close());

  const call = <Reply>(method: string, request: object): Promise<Reply> =>
    new Promise((done, fail) => {
      client[method](request, (error: ServiceError | null, reply: Reply) => (error ? fail(failureOf(error)) : done(reply)));
    });
  const configure = new rpc.ConfigureRequest();
  configure.setArgs(struct({}));
  configure.setAcceptsecrets(true);
  await call("configure", configure);

  return {
    pid: child.pid as number,
    check: async (olds, news) => {
      const request = new rpc.CheckRequest();
      request.setOlds(struct(olds));
      request.setNews(struct(news));
      const reply = await call<rpc.CheckResponse>("check", request);
      return { inputs: plain(reply.getInputs()), failures: reply.getFailuresList().map((failure) => failure.getReason()) };
    },
    diff: async (id, olds, news) => {
      const request = new rpc.DiffRequest();
      request.setId(id);
      request.setOlds(struct(olds));
      request.setNews(struct(news));
      const reply = await call<rpc.DiffResponse>("diff", request);
      const { DIFF_SOME, DIFF_NONE } = rpc.DiffResponse.DiffChanges;
      if (reply.getChanges() !== DIFF_SOME && reply.getChanges() !== DIFF_NONE)
        throw new Error("the provider does not report whether there are changes");
      return {
        changes: reply.getChanges() === DIFF_SOME,
        replaces: reply.getReplacesList(),
        deleteBeforeReplace: reply.getDeletebeforereplace(),
      };
    },
    create: async (inputs) => {
      const request = new rpc.CreateRequest();
      request.setProperties(struct(inputs));
      const reply = await call<rpc.CreateResponse>("create", request);
      return { id: reply.getId(), outs: plain(reply.getProperties()) };
    },
    read: async (id, props) => {
      const request = new rpc.ReadRequest();
      request.setId(id);
      request.setProperties(struct(props));
      const reply = await call<rpc.ReadResponse>("read", request);
      return { id: reply.getId(), props: plain(reply.getProperties()) };
    },
    update: async (id, olds, news) => {
      const request = new rpc.UpdateRequest();
      request.setId(id);
      request.setOlds(struct(olds));
      request.setNews(struct(news));
      return plain((await call<rpc.UpdateResponse>("update", request)).getProperties());
    },
    delete: async (id, props) => {
      const request = new rpc.DeleteRequest();
      request.setId(id);
      request.setProperties(struct(props));
      await call("delete", request);
    },
    output: () => output.join("\n"),
    kill,
  };
}

function firstLine(child: ChildProcess, output: string[]): Promise<string> {
  return new Promise((done, fail) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      let isFirst = stream === child.stdout;
      createInterface(stream).on("line", (line) => {
        if (isFirst) done(line);
        else output.push(line);
        isFirst = false;
      });
    }
    child.on("error", fail);
    child.on("exit", () => fail(new Error(`the provider ended: ${output.join("\n")}`)));
  });
}

function failureOf(error: ServiceError): Failure {
  const [details] = error.metadata.get("grpc-status-details-bin");
  if (details === undefined) return { message: error.details };
  const [any] = Status.deserializeBinary(details as Buffer).getDetailsList();
  const partial = rpc.ErrorResourceInitFailed.deserializeBinary(any?.getValue_asU8() ?? new Uint8Array());
  return {
    message: error.details,
    partial: { id: partial.getId(), properties: plain(partial.getProperties()), reasons: partial.getReasonsList() },
  };
}

function struct(value: JsonObject): Struct {
  return Struct.fromJavaScript(value);
}

function plain(value: Struct | undefined): JsonObject {
  return (value?.toJavaScript() ?? {}) as JsonObject;
}
