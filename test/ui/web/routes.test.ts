import fc from "fast-check";
import { expect, test } from "vitest";
import { byPointer, placeText, problemAt, under, withoutProblems } from "../../../web/form/problems";
import { deploymentPath, newRunPath, type Route, routeOf, runPath } from "../../../web/routes";
import { barsOf, countsOf } from "../../../web/runs/dayCounts";
import { backOff } from "../../../web/server/backOff";

test.each<[string, Route]>([
  ["/", { page: "runs" }],
  ["/runs/0197", { page: "run", id: "0197" }],
  ["/runs/0197/", { page: "run", id: "0197" }],
  ["/deployments", { page: "deployments" }],
  ["/deployments/hello/local", { page: "deployment", name: "hello/local" }],
  ["/deployments/hello/local/new", { page: "newRun", name: "hello/local" }],
  ["/deployments/hello/new", { page: "deployment", name: "hello/new" }],
  ["/deployments/hello", { page: "unknown" }],
  ["/deployments/hello/local/old", { page: "unknown" }],
  ["/pools", { page: "pools" }],
  ["/pools/x", { page: "unknown" }],
  ["/runs/%E0%A4%A", { page: "run", id: "%E0%A4%A" }],
  ["/elsewhere", { page: "unknown" }],
])("%s", (path, route) => {
  expect(routeOf(path)).toEqual(route);
});

test("every name has an address", () => {
  const name = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !text.includes("/"));
  fc.assert(
    fc.property(name, name, (flow, deployment) => {
      const whole = `${flow}/${deployment}`;
      expect(routeOf(deploymentPath(whole))).toEqual({ page: "deployment", name: whole });
      expect(routeOf(newRunPath(whole))).toEqual({ page: "newRun", name: whole });
      expect(routeOf(runPath(flow))).toEqual({ page: "run", id: flow });
    }),
  );
});

test("a problem is shown beside its field, until the field changes", () => {
  const problems = byPointer([
    { path: "/parameters/times", message: "must be a number" },
    { path: "/parameters/sites/0/name", message: "is missing" },
    { path: "/parameters/sites/0/name", message: "must be a string" },
  ]);
  expect(problemAt(problems, "/parameters/times")).toBe("must be a number");
  expect(problemAt(problems, "/parameters/sites")).toBeUndefined();
  expect(problemAt(problems, "/parameters/sites", true)).toBe("0.name: is missing. must be a string");
  expect([...withoutProblems(problems, "/parameters/sites").keys()]).toEqual(["/parameters/times"]);
  expect(withoutProblems(problems, "/parameters/time")).toBe(problems);
  expect(under("/parameters", "a/b~c")).toBe("/parameters/a~1b~0c");
  expect(placeText("/parameters/a~1b/0")).toBe("a/b.0");
  expect(placeText("/jobVariables/env")).toBe("jobVariables.env");
});

test("each attempt waits longer, to a limit, and not all pages come at once", () => {
  expect([0, 1, 2, 3].map((attempt) => backOff(attempt, 1))).toEqual([500, 1000, 2000, 4000]);
  expect(backOff(50, 1)).toBe(10_000);
  expect(backOff(1, 0)).toBe(750);
});

test("the strip shows every run, the fullest bar to the top", () => {
  const bucket = (counts: Record<string, number>) => ({ at: "2026-03-09T12:00:00Z", counts });
  const strip = {
    from: "",
    to: "",
    bucketSeconds: 900,
    buckets: [bucket({ COMPLETED: 96, FAILED: 4 }), bucket({}), bucket({ CRASHED: 1 })],
  };
  expect(countsOf(strip)).toEqual({ COMPLETED: 96, FAILED: 4, CRASHED: 1 });
  const [full, none, one] = barsOf(strip);
  expect(full?.map(({ type, from, height }) => [type, from, height])).toEqual([
    ["COMPLETED", 0, 0.96],
    ["FAILED", 0.96, expect.closeTo(0.04)],
  ]);
  expect(none).toEqual([]);
  expect(one?.[0]?.height).toBeCloseTo(0.12);
});
