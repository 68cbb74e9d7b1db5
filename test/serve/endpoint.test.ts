import { request } from "node:http";
import { hostname } from "node:os";
import { expect, onTestFinished, test } from "vitest";
import { isOpenToAll, openEndpoint } from "../../src/serve/endpoint";

async function endpoint(host: string, allowedHosts: string[] = []) {
  const open = await openEndpoint({
    host,
    port: 0,
    allowedHosts,
    health: () => ({ healthy: true, reaches: { ledger: "ok" }, secret: "x" }),
    metrics: async () => "metric 1\n",
  });
  onTestFinished(() => open.close());
  const port = new URL(open.url).port;
  const ask = (given: string, path = "/health") =>
    new Promise<[number | undefined, string]>((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port, path, headers: { host: given } }, (reply) => {
        let text = "";
        reply.on("data", (more) => {
          text += more;
        });
        reply.on("end", () => resolve([reply.statusCode, text]));
      });
      asked.on("error", reject).end();
    });
  return { ask, port };
}

test.each(["127.0.0.1", "127.0.0.1:4201", "localhost", "LOCALHOST:1", "localhost.", "[::1]:4201", "10.0.0.7:4201", "serve.localhost"])(
  "answers a request to %s",
  async (host) => {
    const { ask } = await endpoint("127.0.0.1");
    expect([await ask(host), (await ask(host, "/metrics"))[0]]).toEqual([
      [200, '{"healthy":true,"reaches":{"ledger":"ok"},"secret":"x"}'],
      200,
    ]);
  },
);

test.each(["evil.example", "evil.example:4201", "localhost.evil.example", "127.0.0.1.evil.example", "pushpool", hostname()])(
  "a page of %s, whose name resolves to this machine, reads nothing",
  async (host) => {
    const { ask } = await endpoint("127.0.0.1");
    for (const path of ["/health", "/metrics", "/other"]) {
      const [status, text] = await ask(host, path);
      expect([status, text]).toEqual([421, expect.stringContaining("--allow-host")]);
      expect(text).not.toContain("healthy");
    }
  },
);

test("answers allowed names, and this machine's names if it is open", async () => {
  const { ask } = await endpoint("0.0.0.0", ["Pushpool.internal"]);
  const answers = await Promise.all(["pushpool.internal:4201", hostname(), "evil.example"].map((host) => ask(host)));
  expect(answers.map(([status]) => status)).toEqual([200, 200, 421]);
});

test.each([
  ["127.0.0.1", false],
  ["127.8.0.1", false],
  ["localhost", false],
  ["::1", false],
  ["0.0.0.0", true],
  ["::", true],
  ["192.168.0.2", true],
])("%s is open to others: %s", (host, open) => expect(isOpenToAll(host)).toBe(open));
