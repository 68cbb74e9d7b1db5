import { expect, test } from "vitest";
import { type Admission, admit, type Visit } from "../../src/ui/locked";

const lock = { token: "T0KEN", cookieName: "pushpool_4202", cookie: "C00KIE" };
const host = "127.0.0.1:4202";
const signedIn = "pushpool_4202=C00KIE";
const get = (target: string, over: Partial<Visit> = {}): Visit => ({
  method: "GET",
  target,
  host,
  origin: undefined,
  cookies: signedIn,
  ...over,
});
const post = (over: Partial<Visit> = {}): Visit => ({ ...get("/api/runs"), method: "POST", origin: `http://${host}`, ...over });

test.each<[string, Visit, Admission["kind"] | 401 | 403 | 421]>([
  ["a signed-in page", get("/"), "pass"],
  ["a signed-in question", get("/api/runs?state=RUNNING"), "pass"],
  ["through a tunnel with another port", get("/", { host: "localhost:9999" }), "pass"],
  ["IPv6", get("/", { host: "[::1]:4202" }), "pass"],
  ["another loopback address", get("/", { host: "127.8.9.1:4202" }), "pass"],
  ["one of several cookies", get("/", { cookies: "a=b; pushpool_4202=old; pushpool_4202=C00KIE" }), "pass"],
  ["a change by the page", post(), "pass"],
  ["a change by the page through a tunnel", post({ host: "localhost:1", origin: "http://localhost:1" }), "pass"],
  ["the token", get("/?token=T0KEN", { cookies: undefined }), "enter"],
  ["the token from a link elsewhere", get("/?token=T0KEN", { cookies: undefined, site: "cross-site" }), "enter"],
  ["a link elsewhere, whose cookie the browser holds back", get("/runs/1", { cookies: undefined, site: "cross-site" }), "again"],

  ["no cookie", get("/", { cookies: undefined }), 401],
  ["no cookie, as a question", get("/api/runs", { cookies: undefined, site: "same-origin" }), 401],
  ["a question of a page elsewhere", get("/api/runs", { cookies: undefined, site: "cross-site" }), 403],
  ["a question of a page on another port, whose request brings the cookie", get("/api/runs", { site: "same-site" }), 403],
  ["a question of the page itself", get("/api/runs", { site: "same-origin" }), "pass"],
  ["a download that the user opens", get("/api/runs/1/logs.txt", { site: "none" }), "pass"],
  ["the cookie of another page of this machine", get("/", { cookies: "pushpool_4203=C00KIE" }), 401],
  ["a wrong cookie", get("/", { cookies: "pushpool_4202=C00KIF" }), 401],
  ["the token as cookie", get("/", { cookies: "pushpool_4202=T0KEN" }), 401],
  ["a wrong token, though signed in", get("/?token=t0ken"), 401],
  ["an empty token", get("/?token="), 401],
  ["the token for a question", get("/api/runs?token=T0KEN", { cookies: undefined }), 401],
  ["the token for a change", post({ target: "/api/runs?token=T0KEN", cookies: undefined }), 401],
  ["a name that leads to this machine (DNS rebinding)", get("/", { host: "evil.example:4202" }), 421],
  ["a name that looks like an address", get("/", { host: "127.0.0.1.evil.example" }), 421],
  ["a subdomain of localhost", get("/", { host: "evil.localhost" }), 421],
  ["an address of the network", get("/", { host: "192.168.0.7:4202" }), 421],
  ["a user in the host", get("/", { host: "127.0.0.1:80@evil.example" }), 421],
  ["no host", get("/", { host: undefined }), 421],
  ["a target of another host", get("//evil.example/?token=T0KEN"), 421],
  ["a backslash in the target", get("/\\evil.example/?token=T0KEN"), 421],
  ["a change from another site", post({ origin: "https://evil.example" }), 403],
  ["a change from another port of this machine", post({ origin: "http://127.0.0.1:3000" }), 403],
  ["a change with an opaque origin", post({ origin: "null" }), 403],
  ["a change without an origin", post({ origin: undefined }), 403],
  ["a change by https", post({ origin: `https://${host}` }), 403],
  ["a change without a cookie", post({ cookies: undefined }), 401],
  ["a deletion from another site", { ...post({ origin: "https://evil.example" }), method: "DELETE" }, 403],
  ["a question from another site", get("/api/runs", { origin: "https://evil.example" }), 403],
])("%s", (_, visit, expected) => {
  const admission = admit(visit, lock);
  expect(admission.kind === "refuse" ? admission.status : admission.kind).toBe(expected);
});

test.each([
  ["/?token=T0KEN", "/"],
  ["/runs/1?token=T0KEN&tab=logs", "/runs/1?tab=logs"],
  ["/?state=RUNNING&token=T0KEN", "/?state=RUNNING"],
])("a browser that brings the token to %s continues to %s", (target, location) => {
  expect(admit(get(target), lock)).toEqual({ kind: "enter", location });
});
