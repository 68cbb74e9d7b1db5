import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { test as base, expect, inject } from "vitest";
import type { SharedBrowser } from "./launcher";

/** A browser of one user, with its own cookies. */
export interface User {
  context: BrowserContext;
  page: Page;
  /** Every request so far, as `METHOD URL`. */
  requests: string[];
  /**
   * The browser reports answers of 400 or higher, and lost connections, as errors on its console. A test names those that it causes, by a
   * pattern of the message with its URL; any other error fails it.
   */
  expectError(pattern: RegExp): void;
  /** What would fail the test now. */
  problems(): string[];
}

/** What a test may take from the browser. */
export interface Fixtures {
  /** Open a context as a new user. When the test ends: no unexpected error on its console, and no request to another host. */
  newUser(options?: BrowserContextOptions): Promise<User>;
}

let connected: Promise<Browser> | undefined;

/** The shared browser. Without one, the test is skipped; in CI it fails. */
async function browser(skip: (note: string) => never): Promise<Browser> {
  const shared = (await (await fetch(inject("browserAt"))).json()) as SharedBrowser;
  if ("endpoint" in shared) {
    connected ??= chromium.connect(shared.endpoint);
    return connected;
  }
  if (process.env.CI) throw new Error(`CI never skips the tests in a browser, and none starts: ${shared.missing}`);
  return skip(shared.missing);
}

/** A test with a browser. */
export const test = base.extend<Fixtures>({
  newUser: async ({ skip, onTestFailed }, use) => {
    const users: User[] = [];
    const running = await browser((note) => skip(note));
    const seen: string[] = [];
    onTestFailed(() => console.log(`The pages at the failure:\n${seen.join("\n")}`));
    await use(async (options = {}) => {
      const user = await openUser(running, options);
      users.push(user);
      return user;
    });
    const problems = users.flatMap((user) => user.problems());
    for (const { context, page } of users) {
      seen.push(page.url(), await page.locator("body").innerText({ timeout: 5_000 }));
      await context.close();
    }
    expect(problems).toEqual([]);
  },
});

/** A broken policy is on the console too, but not always as an error. */
const REPORT_VIOLATIONS = `document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  console.error("content security policy: " + violatedDirective + " blocked " + blockedURI));`;

async function openUser(running: Browser, options: BrowserContextOptions): Promise<User> {
  const context = await running.newContext({ locale: "en-GB", timezoneId: "UTC", viewport: { width: 1280, height: 800 }, ...options });
  // As long as `testTimeout`: a loaded machine may take minutes.
  context.setDefaultTimeout(Number(process.env.PUSHPOOL_TEST_BROWSER_TIMEOUT ?? 150_000));
  const errors: string[] = [];
  const requests: string[] = [];
  const expected: RegExp[] = [];
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) errors.push(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  context.on("weberror", (error) => errors.push(`thrown: ${error.error().stack ?? error.error()}`));
  context.on("request", (request) => requests.push(`${request.method()} ${request.url()}`));
  await context.addInitScript(REPORT_VIOLATIONS);
  const page = await context.newPage();
  return {
    context,
    page,
    requests,
    expectError: (pattern) => expected.push(pattern),
    problems: () => {
      const foreign = requests.filter((request) => !/^[A-Z]+ (http:\/\/127\.0\.0\.1:\d+\/|data:|blob:|about:)/.test(request));
      return [...errors, ...foreign].filter((problem) => !expected.some((pattern) => pattern.test(problem)));
    },
  };
}
