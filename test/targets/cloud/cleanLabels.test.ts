import { expect, test } from "vitest";
import { cleanLabels } from "../../../src/targets/cloud/cleanLabels";

const clean = (key: string, value: string): [string, string] => [
  key.toLowerCase().replaceAll(/[^a-z-]/g, ""),
  value.replaceAll(/[^a-z]/g, ""),
];

test("labels that become equal, and keys and values that become empty, cause warnings", () => {
  expect(
    cleanLabels({ team: "a", Team: "b", "cost-1": "x", "cost-2": "x", 日: "c", note: "42", empty: "", marks: "--" }, clean, "labels"),
  ).toEqual({
    labels: { team: "b", "cost-": "x", note: "", empty: "", marks: "" },
    warnings: [
      'labels: "team" and "Team" become the same label there, "team": the value of "Team" is kept',
      'labels: "日" is left out: no character of the key is valid there',
      'labels: no character of the value of "note" is valid there: "42"',
    ],
  });
});

test("a changed spelling causes no warning", () => {
  expect(cleanLabels({ Owner: "Ada" }, clean, "labels").warnings).toEqual([]);
});
