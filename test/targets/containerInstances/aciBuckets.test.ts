import { expect, test } from "vitest";
import { type AciBucket, aciBucket, leftBy, refusedBuckets } from "../../../src/targets/containerInstances/aciBuckets";

test.each<[string, string, Record<string, string>, unknown]>([
  ["few creations", "PUT", { "x-ms-ratelimit-remaining-subscription-resource-requests-pt5m": "3" }, [["createsInFiveMinutes", 3]]],
  ["many of a raised subscription", "PUT", { "x-ms-ratelimit-remaining-subscription-resource-requests-pt1h": "1799" }, []],
  ["few reads", "GET", { "x-ms-ratelimit-remaining-subscription-reads": "0" }, [["reads", 0]]],
  ["few reads of all callers", "GET", { "x-ms-ratelimit-remaining-subscription-global-reads": "7" }, [["reads", 7]]],
  ["few deletions of all callers", "DELETE", { "x-ms-ratelimit-remaining-subscription-global-deletes": "1" }, [["deletes", 1]]],
  ["nothing is said", "DELETE", {}, []],
])("%s", (_, method, headers, expected) => {
  expect(leftBy(method, (name) => headers[name])).toEqual(expected);
});

test("creations count by region, whoever calls; calls count by caller, wherever", () => {
  const key = (name: AciBucket, principal: string, location?: string) => aciBucket(name, { subscription: "s", principal, location }).key;
  expect(key("createsAnHour", "a", "West Europe")).toBe(key("createsAnHour", "b", "westeurope"));
  expect(key("createsAnHour", "a", "westus")).not.toBe(key("createsAnHour", "a", "westeurope"));
  expect(key("reads", "a", "westus")).toBe(key("reads", "a", "westeurope"));
  expect(key("reads", "a")).not.toBe(key("reads", "b"));
});

const throttled = (interval: string) =>
  `Number of requests for action 'Microsoft.ContainerInstance/containerGroups/write' exceeded the limit of '300' for time interval '${interval}'. Please try again after '9' seconds.`;

test.each<[string, string, AciBucket[]]>([
  ["the hour's quota", throttled("01:00:00"), ["createsAnHour"]],
  ["the quota of five minutes", throttled("00:05:00"), ["createsInFiveMinutes"]],
  [
    "Resource Manager's",
    "SubscriptionRequestsThrottled: Number of 'put' requests exceeded. Please try again after '1' seconds",
    ["writes"],
  ],
  ["one that names no quota", "TooManyRequests: slow down", ["createsInFiveMinutes", "writes"]],
])("a refusal by %s holds up that alone", (_, message, expected) => {
  const all: AciBucket[] = ["createsInFiveMinutes", "createsAnHour", "writes"];
  const buckets = all.map((name) => aciBucket(name, { subscription: "s", principal: "p", location: "l" }));
  const found = refusedBuckets({ message }, buckets).map((bucket) => all[buckets.indexOf(bucket)]);
  expect(found).toEqual(expected);
});
