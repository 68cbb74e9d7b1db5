// Keeps the compiled code of each command, so that a start does not compile it again: that would be a fifth of its time.
//
// node's own cache (`module.enableCompileCache`) is made before a module runs, and has no function within it. This one is made when the
// process ends, or says so, and has the functions that the command called. It replaces `_compile`, by which node compiles a CommonJS module. It does so
// for pushpool's own modules, and for packages of which a command calls many functions. node compiles all others, and those that this way
// cannot compile.
"use strict";
const {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} = require("node:fs");
const Module = require("node:module");
const { dirname, join, sep } = require("node:path");
const { Script } = require("node:vm");

/** In a script, `import()` is an experiment of node, of which it warns. */
const IMPORT = /\bimport\s*[(/]/;

/**
 * The modules of the SDK of AWS, of which a run on ECS loads hundreds, and of what the offline engine speaks with Pulumi programs, wherever
 * npm has put them.
 */
const PACKAGES = /[\\/]node_modules[\\/](@aws-sdk|@smithy|@grpc|google-protobuf|@pulumi[\\/]pulumi)[\\/]/;

/**
 * Emitted by `src/heapShape.ts` right before it changes V8's flags. What V8 compiles after that is of no use to the next start. So the code
 * is kept before, and only then.
 */
const FLAGS_CHANGE = "pushpool:v8-flags";

const DAY = 86_400_000;
/** Code that no command has used for this time is removed, in milliseconds: most likely its installation is gone. */
const UNUSED = 30 * DAY;

const [HEAD, TAIL] = ["(function (exports, require, module, __filename, __dirname) { ", "\n})"];

/**
 * @param {string} own the folder of pushpool's modules
 * @param {string} folder only for this user: what is in it is run
 * @param {string} command whose code it is
 * @param {string} [nodes] node's own cache, which has a folder for each version of node. It is cleaned too.
 * @returns {() => void} keeps the code now, for a process that others kill
 */
exports.keepCompiledCode = function keepCompiledCode(own, folder, command, nodes) {
  // Each installation has its own: a start reads the whole file.
  const file = join(folder, `${process.version}-${process.arch}`, own, command);
  const known = read(file);
  const loaded = new Map();
  let hasNew = false;
  const compile = Module.prototype._compile;

  Module.prototype._compile = function _compile(source, path, format) {
    const isKept = (path.startsWith(own + sep) || PACKAGES.test(path)) && (format === undefined || format === "commonjs");
    if (!isKept || IMPORT.test(source)) return compile.call(this, source, path, format);
    const bytes = Buffer.from(source);
    const kept = known.get(path);
    const cachedData = kept?.source.equals(bytes) ? kept.code : undefined;
    let script;
    try {
      script = new Script(HEAD + source + TAIL, {
        filename: path,
        columnOffset: -HEAD.length,
        cachedData,
      });
    } catch {
      return compile.call(this, source, path, format);
    }
    // V8 rejects the code of another V8, or of one with other flags.
    if (cachedData === undefined || script.cachedDataRejected) hasNew = true;
    loaded.set(path, { source: bytes, script });
    const body = script.runInThisContext();
    return body.call(this.exports, this.exports, requireOf(this, path), this, path, dirname(path));
  };

  let isOver = false;
  const keep = (isNew) => {
    if (isOver) return;
    try {
      if (isNew) write(file, known, loaded);
      else if (isOlder(statSync(file), DAY)) markUsed(file);
      else return;
      hasNew = false;
      removeUnused(folder);
      if (nodes !== undefined) removeUnusedNodes(nodes);
    } catch {
      // Without it, the next start takes longer.
    }
  };
  // A command that failed may be a typing error.
  process.once("exit", (status) => keep(hasNew && status === 0));
  process.once(FLAGS_CHANGE, () => {
    keep(hasNew);
    isOver = true;
    Module.flushCompileCache();
  });
  return () => keep(hasNew);
};

/** The function \`require\` of a module, as node makes it. The one of \`createRequire\` would load for another module of the same path. */
function requireOf(module, path) {
  const require = (request) => module.require(request);
  let made;
  const own = () => (made ??= Module.createRequire(path));
  return Object.defineProperties(require, {
    resolve: { get: () => own().resolve, enumerable: true, configurable: true },
    main: { value: process.mainModule, writable: true, enumerable: true, configurable: true },
    extensions: { value: Module._extensions, writable: true, enumerable: true, configurable: true },
    cache: { value: Module._cache, writable: true, enumerable: true, configurable: true },
  });
}

/** The time of a file says when a command last used it, to the day: no command writes more than once a day. */
function markUsed(file) {
  const now = new Date();
  utimesSync(file, now, now);
}

/**
 * Remove the unused files of a folder, and the folders that are then empty. If another command writes there now, that command keeps no code
 * this time.
 */
function removeUnused(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    try {
      if (entry.isDirectory()) {
        removeUnused(path);
        rmdirSync(path);
      } else if (isOlder(lstatSync(path), UNUSED)) rmSync(path);
    } catch {
      // The folder is not empty, or another command was faster.
    }
  }
}

/**
 * Remove what node has kept for versions that no command has used. Node never changes a file that it reads, so the time of the whole folder
 * counts.
 */
function removeUnusedNodes(nodes) {
  const used = Module.getCompileCacheDir?.();
  if (used !== undefined && dirname(used) === nodes) markUsed(used);
  for (const version of readdirSync(nodes)) {
    const path = join(nodes, version);
    if (isOlder(lstatSync(path), UNUSED)) rmSync(path, { recursive: true, force: true });
  }
}

function isOlder({ mtimeMs }, age) {
  return mtimeMs < Date.now() - age;
}

// The file: the length of its list (8 bytes), the list as JSON, then the code and the source of each module. All of them begin at a
// multiple of 8 bytes. Otherwise V8 would copy the code. V8 compares only the length of a source, so the file has the whole source.
const ALIGNED = 8;

/** @returns the modules of a file, by path: none if there is no such file, or it is not whole */
function read(file) {
  try {
    const bytes = readFileSync(file);
    let at = ALIGNED;
    const next = (length) => {
      const part = bytes.subarray(at, at + length);
      at += length + padding(length);
      return part;
    };
    const list = JSON.parse(next(Number(bytes.readBigUInt64LE(0))).toString());
    return new Map(list.map(([path, code, source]) => [path, { code: next(code), source: next(source) }]));
  } catch {
    return new Map();
  }
}

/** Write the loaded modules, with the functions that were called now or before, and those that the command has loaded before. */
function write(file, known, loaded) {
  const modules = new Map([...known].filter(([path]) => !loaded.has(path) && existsSync(path)));
  for (const [path, { source, script }] of loaded) modules.set(path, { source, code: script.createCachedData() });
  const list = Buffer.from(JSON.stringify([...modules].map(([path, { code, source }]) => [path, code.length, source.length])));
  const length = Buffer.alloc(ALIGNED);
  length.writeBigUInt64LE(BigInt(list.length));
  const parts = [length, list, ...[...modules.values()].flatMap(({ code, source }) => [code, source])];
  const whole = Buffer.concat(parts.flatMap((part) => [part, Buffer.alloc(padding(part.length))]));

  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const unfinished = `${file}.${process.pid}`;
  try {
    // V8 does not notice damaged code. So all of it is on the disk before it gets its name.
    const opened = openSync(unfinished, "wx", 0o600);
    try {
      for (let at = 0; at < whole.length; ) at += writeSync(opened, whole, at);
      fsyncSync(opened);
    } finally {
      closeSync(opened);
    }
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

function padding(length) {
  return -length & (ALIGNED - 1);
}
