"use strict";
// Runs the Node programs that the messages of its parent describe, one after the other, as processes of their own would run. A program has
// ended when nothing is left to do in the event loop. Then everything that it has changed here is undone.
const Module = require("node:module");
const { join, sep } = require("node:path");

const modules = join(__dirname, "..", "..", "..", "node_modules");
/** These keep no state of a program: the compiler, grpc, protobuf. Pulumi's SDK does. */
const isKept = (file) => file.startsWith(modules + sep) && !file.startsWith(join(modules, "@pulumi") + sep);

const EVENTS = ["uncaughtException", "unhandledRejection", "beforeExit", "exit", "SIGINT", "SIGTERM"];
const SHARED = [globalThis, process, Error, Module, Module.prototype, Module._extensions];
/** The global with the messages of protobuf, which is kept. */
const PROTOBUF = "proto";

/** What a program may change: of `process`, only by adding to it. @returns undoes the changes */
function remember() {
  const objects = SHARED.map((object) => [object, Object.getOwnPropertyDescriptors(object)]);
  const listeners = EVENTS.map((event) => [event, process.listeners(event)]);
  return () => {
    for (const [object, before] of objects) {
      for (const key of Reflect.ownKeys(object)) if (!(key in before || key === PROTOBUF)) Reflect.deleteProperty(object, key);
      for (const key of Reflect.ownKeys(before)) {
        const { value, writable } = before[key];
        if (writable && object !== process) Reflect.set(object, key, value);
      }
    }
    for (const [event, before] of listeners)
      for (const each of process.listeners(event)) if (!before.includes(each)) process.removeListener(event, each);
    for (const file of Object.keys(require.cache)) if (!isKept(file)) delete require.cache[file];
  };
}

let running;

function start({ args, cwd, env }) {
  // Only the program decides how long the event loop goes on.
  process.channel.unref();
  running = { undo: remember(), emptied: 0 };
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.argv = [process.argv[0], ...args];
  process.chdir(cwd);
  require(args[0]);
}

/**
 * `cmd/run` does its last work when the event loop is empty: at the first time it waits for others, at the second it says to the engine that
 * the program is done. At the third, nothing is left.
 */
const LAST = 3;

process.on("beforeExit", () => {
  if (!running) return;
  if (++running.emptied < LAST) return void setImmediate(() => {});
  process.channel.ref();
  const { undo } = running;
  running = undefined;
  process.emit("exit", process.exitCode ?? 0);
  const code = process.exitCode ?? 0;
  process.exitCode = undefined;
  undo();
  process.send({ code });
});

for (const kind of ["stdout", "stderr"])
  process[kind].write = (text, ...rest) => {
    process.send({ kind, text: String(text) });
    rest.find((each) => typeof each === "function")?.();
    return true;
  };

process.on("message", start);
