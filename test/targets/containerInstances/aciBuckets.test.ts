import { expect, test } from "vitest";
import { leftBy } from "../../../src/targets/containerInstances/aciBuckets";

test.each<[string, string, Record<string, string>, unknown]>([
  ["few creations", "PUT", { "x-ms-ratelimit-remaining-subscription-resource-requests-pt5m": "3" }, [["createsInFiveMinutes", 3]]],
  ["many of a raised subscription", "PUT", { "x-ms-ratelimit-remaining-subscription-resource-requests-pt1h": "1799" }, []],
  ["few reads", "GET", { "x-ms-ratelimit-remaining-subscription-reads": "0" }, [["reads", 0]]],
  ["nothing is said", "DELETE", {}, []],
])("%s", (_, method, headers, expected) => {
  expect(leftBy(method, (name) => headers[name])).toEqual(expected);
});
