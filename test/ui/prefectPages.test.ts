import { expect, test } from "vitest";
import { prefectPages } from "../../src/ui/prefectPages";

const own = { apiUrl: "http://10.0.0.7:4200/api", isCloud: false };
const cloud = { apiUrl: "https://api.prefect.cloud/api/accounts/a1/workspaces/w1", isCloud: true };

// As `default_ui_url` of prefect/settings/models/_defaults.py.
test.each<[string, Parameters<typeof prefectPages>, string | null]>([
  ["a server", [own, {}, undefined], "http://10.0.0.7:4200"],
  ["a server that names its pages", [own, {}, "https://flows.example/"], "https://flows.example"],
  ["PREFECT_UI_URL", [own, { PREFECT_UI_URL: "https://mine.example/ui/" }, "https://flows.example"], "https://mine.example/ui"],
  ["Prefect Cloud", [cloud, {}, undefined], "https://app.prefect.cloud/account/a1/workspace/w1"],
  ["a setting that is not an address", [own, {}, "javascript:alert(1)"], null],
  ["a setting of another type", [own, {}, 7], "http://10.0.0.7:4200"],
])("%s", (_, given, pages) => {
  expect(prefectPages(...given)).toBe(pages);
});
