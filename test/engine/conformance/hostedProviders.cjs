"use strict";
// `node hostedProviders.cjs FILE`: runs the stand-in provider of the recordings for everyone who connects to the port that it prints. Each
// connection has a provider of its own, with its own state, until it ends. The first line from there is the provider's environment as JSON;
// the answer is what the provider prints.
const { readFileSync } = require("node:fs");
const { createServer } = require("node:net");
const { createInterface } = require("node:readline");
const grpc = require("@grpc/grpc-js");

const source = readFileSync(process.argv[2], "utf8");

const host = createServer((socket) => {
  let server;
  class Server extends grpc.Server {
    constructor(...args) {
      super(...args);
      server = this;
    }
  }
  const load = (name) => (name === "@grpc/grpc-js" ? { ...grpc, Server } : require(name));
  createInterface({ input: socket }).once("line", (line) => {
    const own = { env: JSON.parse(line), exit: () => socket.destroy() };
    const print = { log: (text) => socket.write(`${text}\n`), error: console.error };
    new Function("require", "process", "console", source)(load, own, print);
  });
  socket.on("error", () => {});
  socket.on("close", () => server?.forceShutdown());
});
host.listen(0, "127.0.0.1", () => console.log(host.address().port));
