import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished } from "vitest";
import { test } from "./page";
import { project, startUi } from "./project";

// What only a browser shows of the lock: its cookies, its same-origin policy, and markup that it could run. test/ui/ has the rest.

test("without the token, or with a wrong one, a page has only an explanation; with it, the address loses it", async ({ newUser }) => {
  const ui = await startUi(project());
  const stranger = await newUser();
  stranger.expectError(/status of 401/);
  for (const path of ["/", "/?token=wrong", "/pools", "/assets/x.js"]) {
    const answer = await stranger.page.goto(`${ui.origin}${path}`);
    expect([answer?.status(), await stranger.page.locator("body").innerText()]).toEqual([401, expect.stringContaining("pushpool ui")]);
    expect(await stranger.page.evaluate(`fetch("/api/runs").then((answer) => answer.status)`)).toBe(401);
  }
  const { page, context, requests } = await newUser();
  await page.goto(ui.url.replace("/?", "/pools?"));
  await page.getByTestId("pool").waitFor();
  expect(page.url()).toBe(`${ui.origin}/pools`);
  const [cookie] = await context.cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict", path: "/" });
  expect(ui.url).not.toContain(cookie?.value);
  expect(await page.evaluate("document.cookie")).toBe("");
  await page.goBack();
  expect(page.url()).toBe("about:blank");
  const token = new URL(ui.url).searchParams.get("token") ?? "";
  expect(requests.filter((one) => one.includes(token))).toHaveLength(1);
});

/** A page on another port of this machine: for cookies it is the same site. */
async function otherSite(): Promise<string> {
  const server = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><title>other</title>"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test("another page in the same browser can neither read, nor change, nor frame anything", async ({ newUser }) => {
  const at = project();
  const ui = await startUi(at);
  const { page, expectError } = await newUser();
  await page.goto(ui.url);
  await page.goto(await otherSite());
  expectError(/CORS|net::ERR_|status of 40|frame|MIME type/);
  const tried = await page.evaluate(`(async () => {
    const said = (answer) => answer.then(({ type, status }) => type + " " + status, () => "refused");
    const body = JSON.stringify({ deployment: "etl/hold" });
    const framed = document.body.appendChild(document.createElement("iframe"));
    framed.src = "${ui.origin}/";
    await new Promise((resolve) => framed.addEventListener("load", resolve));
    const scripted = document.body.appendChild(document.createElement("script"));
    scripted.src = "${ui.origin}/api/runs";
    const script = await new Promise((resolve) => { scripted.onload = () => resolve("ran"); scripted.onerror = () => resolve("refused"); });
    return {
      read: await said(fetch("${ui.origin}/api/runs", { credentials: "include" })),
      blind: await said(fetch("${ui.origin}/api/runs", { credentials: "include", mode: "no-cors" })),
      json: await said(fetch("${ui.origin}/api/runs", { method: "POST", credentials: "include", headers: { "content-type": "application/json" }, body })),
      simple: await said(fetch("${ui.origin}/api/runs", { method: "POST", credentials: "include", mode: "no-cors", body })),
      script,
      frame: (() => { try { return framed.contentDocument?.body?.innerText ?? "closed"; } catch { return "closed"; } })(),
    };
  })()`);
  expect(tried).toMatchObject({ read: "refused", blind: "refused", json: "refused", script: "refused", frame: "closed" });
  // A form posts: the browser sends the cookie, and the server refuses the Origin.
  await page.evaluate(`(() => {
    const form = document.body.appendChild(document.createElement("form"));
    Object.assign(form, { method: "post", enctype: "text/plain", action: "${ui.origin}/api/runs" });
    form.submit();
  })()`);
  await page.getByText("comes from another site").waitFor();
  expect(JSON.parse(at.pushpool("ls", "--json").stdout)).toMatchObject({ runs: [] });
});

test("a name that someone else resolves to this machine is refused, with a cookie or without", async ({ newUser }) => {
  const ui = await startUi(project());
  const { page, context } = await newUser();
  await page.goto(ui.url);
  const [cookie] = await context.cookies();
  const ask = (host: string, path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { host, cookie: `${cookie?.name}=${cookie?.value}` };
      request({ port: ui.port, path, headers }, (answer) => resolve(answer.resume().statusCode))
        .on("error", reject)
        .end();
    });
  for (const path of ["/api/runs", "/"]) {
    expect(await ask(`127.0.0.1:${ui.port}`, path)).toBe(200);
    for (const host of ["evil.example", `evil.example:${ui.port}`, "127.0.0.1.evil.example"])
      expect([host, await ask(host, path)]).toEqual([host, 421]);
  }
});

test("markup in log lines and parameters is text; colours are not markup", async ({ newUser }) => {
  const at = project();
  const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
  expect(at.pushpool("run", "etl/markup", "-p", `name=${JSON.stringify(evil)}`, "--flow-run-name", "<b>bold</b>").status).toBe(0);
  const ui = await startUi(at);
  const { page } = await newUser();
  await page.goto(ui.url);
  await page.getByTestId("run-row").getByRole("link", { name: "<b>bold</b>" }).click();
  const log = page.getByTestId("log");
  await log.getByText("cleared").waitFor();
  const text = await log.innerText();
  expect(text).toContain("<script>document.title = 'owned'</script><img src=x onerror=");
  expect(text).toContain("red and a link cleared");
  expect(await log.locator("script, img, a, b").count()).toBe(0);
  expect(await log.locator(".text span").allInnerTexts()).toEqual(["red"]);
  const colours = `[...document.querySelectorAll(".log-line .text, .log-line .text span")].map((one) => getComputedStyle(one).color)`;
  const [plain, , red] = (await page.evaluate(colours)) as string[];
  expect(red).not.toBe(plain);
  expect(await page.locator(".log-line.stderr").innerText()).toContain("on stderr");
  await page.getByTestId("tab-parameters").click();
  await page.getByRole("tabpanel").getByText("onerror").waitFor();
  expect(await page.getByRole("tabpanel").locator("script, img").count()).toBe(0);
  expect(await page.title()).toBe("Completed: <b>bold</b> · pushpool");
});
