import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "vitest";
import { violations } from "./axe";
import { test } from "./page";

// What these tests see of a page. If they saw less, all tests of the page could pass while it is broken.

test("an error on the console, a broken policy and a request to another host are problems, until the test expects them", async ({
  newUser,
}) => {
  const user = await newUser();
  const policy = `<meta http-equiv="content-security-policy" content="script-src 'none'; connect-src *">`;
  await user.page.goto(`data:text/html,${policy}<body><script>document.title = "ran"</script>`);
  await user.page.evaluate(`console.error("one"); fetch("http://127.0.0.2:9/x").catch(() => {})`);
  await expect
    .poll(() => user.problems().join("\n"))
    .toMatch(/script-src.*\n.*error: one[\s\S]*net::ERR_\w+ [\s\S]*GET http:\/\/127\.0\.0\.2:9\/x/);
  expect(await user.page.title()).toBe("");
  user.expectError(/script-src|error: one|127\.0\.0\.2/);
  expect(user.problems()).toEqual([]);
});

test("an image without an alternative text and a pale text are violations", async ({ newUser }) => {
  const { page } = await newUser();
  await page.goto(`data:text/html,<html lang=en><title>t</title><main><h1 style="color:lightgray">pale</h1><img src="data:,"></main>`);
  expect((await violations(page)).map((violation) => violation.split(":")[0]).sort()).toEqual(["color-contrast", "image-alt"]);
});

test("a browser that does not exist or does not start is named with the reason", () => {
  const found = (path: string) =>
    spawnSync(process.execPath, [join(__dirname, "chromium.mts")], {
      env: { ...process.env, PUSHPOOL_TEST_BROWSER: path },
      encoding: "utf8",
    });
  expect(found("/nowhere")).toMatchObject({ status: 1, stderr: "PUSHPOOL_TEST_BROWSER names /nowhere: there is no such file\n" });
  expect(found("false")).toMatchObject({ status: 1, stderr: "PUSHPOOL_TEST_BROWSER names false: it ended with exit code 1\n" });
});
