"use strict";
// Loaded by the program of a step that failed when it was recorded. How far its siblings had come by then was a race.
// So the program registers its resources in the recorded order (DEMO_ORDER), in whatever order the SDK has them ready.
// Resources that were never planned come last.
const { ResourceMonitorClient } = require("@pulumi/pulumi/proto/resource_grpc_pb");

const order = JSON.parse(process.env.DEMO_ORDER || "[]");
const waiting = [];
const original = ResourceMonitorClient.prototype.registerResource;

function keyOf(request) {
  // The recording of an import begins with a call that does not contain its name.
  const name = request.getImportid() ? "" : request.getObject()?.toJavaScript().name;
  return [request.getType(), request.getName(), typeof name === "string" ? name : ""].join("::");
}

function release() {
  for (;;) {
    const at = waiting.findIndex(({ key }) => (order.length > 0 ? key === order[0] : true));
    if (at < 0) return;
    order.shift();
    const [{ send }] = waiting.splice(at, 1);
    send();
  }
}

if (order.length > 0)
  ResourceMonitorClient.prototype.registerResource = function (request, ...rest) {
    const type = request.getType();
    if (!request.getCustom() || type.startsWith("pulumi:providers:")) return original.call(this, request, ...rest);
    waiting.push({ key: keyOf(request), send: () => original.call(this, request, ...rest) });
    release();
  };
