"use strict";
// Loaded by the program of a step that failed when it was recorded. What its siblings had come to by then was a race; so the program registers its
// resources in the recorded order (DEMO_ORDER), whatever order the SDK has them ready in. What was never planned then comes last.
const { ResourceMonitorClient } = require("@pulumi/pulumi/proto/resource_grpc_pb");

const order = JSON.parse(process.env.DEMO_ORDER || "[]");
const waiting = [];
const original = ResourceMonitorClient.prototype.registerResource;

function keyOf(request) {
  // Of what is imported the recording begins with a call that does not say it.
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
