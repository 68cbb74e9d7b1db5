// The lower limit for any engine. The SDK's own `cmd/run` runs the same program in another process, which registers its resources by the
// same gRPC. The monitor only calls the provider, by gRPC, to create each one.
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * @param lib folder of the compiled product
 * @param provider a provider for `serveProvider`
 */
export async function runBare({ lib, dir, provider }) {
  const load = (...path) => createRequire(import.meta.url)(join(lib, "src", ...path));
  const { serveProvider } = load("testing");
  const { Connection } = load("engine", "providers", "connection.js");
  const { findSdk } = load("engine", "grpc", "protocol.js");
  const { serve, unary } = load("engine", "grpc", "server.js");
  const { startProgram } = load("engine", "languageHost.js");
  const { readProject } = load("engine", "project.js");
  const sdk = findSdk(dir);
  const protocol = sdk.load();
  const { port, stop } = await serveProvider(provider);
  const connection = new Connection(protocol, `127.0.0.1:${port}`);
  await connection.ready();
  const { address, close: closeServer } = await serve([monitorOf(protocol, connection, unary), engineOf(protocol, unary)]);
  const { ended } = startProgram({
    project: readProject(dir),
    stack: "dev",
    config: { values: {}, secretKeys: [] },
    dryRun: false,
    parallel: 16,
    monitor: address,
    engine: address,
    runner: sdk.runner,
    env: process.env,
    compileCache: join(tmpdir(), "node-compile-cache"),
    onEvent: () => {},
  });
  const end = await ended;
  connection.close();
  await stop();
  closeServer();
  if (end.kind !== "ok") throw new Error(`the program on a bare monitor: ${JSON.stringify(end)}`);
}

function monitorOf({ monitorService, resource, provider, empty }, connection, unary) {
  const urnOf = (request) => `urn:pulumi:dev::bench::${request.getType()}::${request.getName()}`;
  return [
    monitorService,
    {
      getDeploymentInfo: unary(() =>
        new resource.DeploymentInfo()
          .setProject("bench")
          .setStack("dev")
          .setParallel(16)
          .setSupportedfeaturesList(Object.values(resource.ResourceMonitorFeature)),
      ),
      supportsFeature: unary(() => new resource.SupportsFeatureResponse().setHassupport(true)),
      registerResource: unary(async (request) => {
        const response = new resource.RegisterResourceResponse().setUrn(urnOf(request));
        if (!request.getCustom()) return response;
        const asked = new provider.CreateRequest().setUrn(urnOf(request)).setName(request.getName()).setType(request.getType());
        const made = await connection.call("create", asked.setProperties(request.getObject()));
        return response.setId(made.getId()).setObject(made.getProperties());
      }),
      registerResourceOutputs: unary(() => new empty.Empty()),
      signalAndWaitForShutdown: unary(() => new empty.Empty()),
    },
  ];
}

function engineOf({ engineService, engine, empty }, unary) {
  let root = "";
  return [
    engineService,
    {
      log: unary(() => new empty.Empty()),
      getRootResource: unary(() => new engine.GetRootResourceResponse().setUrn(root)),
      setRootResource: unary((request) => {
        root = request.getUrn();
        return new engine.SetRootResourceResponse();
      }),
    },
  ];
}
