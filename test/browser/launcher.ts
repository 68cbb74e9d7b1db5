import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type BrowserServer, chromium } from "playwright-core";
import type { TestProject } from "vitest/node";
import { findChromium } from "./chromium.mts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Answers with the {@link SharedBrowser} of this test run. */
    browserAt: string;
  }
}

/** The one browser of a test run, or why there is none. */
export type SharedBrowser = { endpoint: string } | { missing: string };

/** Start one browser for all test files, at the first request of a test: most runs of a few files need none. */
export default async function launchOnDemand(project: TestProject): Promise<() => Promise<void>> {
  let shared: Promise<SharedBrowser> | undefined;
  let browser: BrowserServer | undefined;
  const launch = async (): Promise<SharedBrowser> => {
    try {
      const { version: _, ...options } = await findChromium();
      browser = await chromium.launchServer(options);
      return { endpoint: browser.wsEndpoint() };
    } catch (error) {
      const missing = (error as Error).message.split("\n")[0] ?? "";
      if (!process.env.CI) console.log(`No browser, so the tests of the run page in test/browser are skipped: ${missing}`);
      return { missing };
    }
  };
  const server = createServer(async (_, response) => {
    shared ??= launch();
    response.setHeader("content-type", "application/json").end(JSON.stringify(await shared));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  project.provide("browserAt", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return async () => {
    server.close();
    await browser?.close();
  };
}
