import { expect, test } from "vitest";
import { deployedName, spellings } from "../src/deploymentName";

// Each result is that of `RunnerDeployment.validate_name` in Prefect 3.8.8.
test.each([
  ["train.py", "train"],
  ["flows/train.py", "train"],
  ["a/b/c.py", "c"],
  ["./x.py", "x"],
  ["a//b.py", "b"],
  ["a.b.py", "a.b"],
  ["train.py.py", "train.py"],
  [".hidden.py", ".hidden"],
  [".py", ".py"],
  ["x/.py", ".py"],
  ["..py", "."],
  ["a b.py", "a b"],
  ["x\\y.py", "x\\y"],
  ["é.py", "é"],
  ["v1.2", "v1.2"],
  ["a.b.c", "a.b.c"],
  [".hidden", ".hidden"],
  ["train.", "train."],
  ["train.PY", "train.PY"],
  ["train.py ", "train.py "],
  ["train.pyc", "train.pyc"],
  ["train.py/x", "train.py/x"],
  ["py", "py"],
])("%j is deployed as %j", (given, deployed) => {
  expect(deployedName(given)).toBe(deployed);
});

test("a deployment is looked up by the given name first, then with or without .py", () => {
  expect(spellings("hello/train")).toEqual(["hello/train", "hello/train.py"]);
  expect(spellings("hello/train.py")).toEqual(["hello/train.py", "hello/train"]);
  expect(spellings("train.py")).toEqual(["train.py", "train"]);
});
