import { expect, test } from "vitest";
import { inOrder, planSteps, stepFaults } from "../../src/buildSteps/stepPlan";
import type { JsonObject } from "../../src/json";

const step = (name: string, inputs: JsonObject = {}): JsonObject => ({ [name]: inputs });
const plan = (deployments: [build: JsonObject[], push: JsonObject[]][], given: JsonObject = {}) =>
  [
    ...inOrder(
      planSteps(
        deployments.map(([build, push], index) => ({ index, name: String(index), build, push })),
        given,
      ),
    ),
  ].map(({ section, name, deployments: of }) => `${section} ${name} for ${of.join(",")}`);

test.each<[string, Parameters<typeof plan>, string[]]>([
  [
    "shared steps run once",
    [
      [
        [[step("a"), step("b")], [step("c")]],
        [[step("a"), step("b")], [step("c")]],
      ],
    ],
    ["build a for 0,1", "build b for 0,1", "push c for 0,1"],
  ],
  [
    "what differs runs for each",
    [
      [
        [[step("a"), step("b", { x: 1 })], []],
        [[step("a"), step("b", { x: 2 })], []],
      ],
    ],
    ["build a for 0,1", "build b for 0", "build b for 1"],
  ],
  [
    "the same step after other steps is another one",
    [
      [
        [[step("a"), step("c")], []],
        [[step("b"), step("c")], []],
      ],
    ],
    ["build a for 0", "build c for 0", "build b for 1", "build c for 1"],
  ],
  ["the same step twice in one deployment runs twice", [[[[step("a"), step("a")], []]]], ["build a for 0", "build a for 0"]],
  [
    "the order of inputs does not matter",
    [
      [
        [[step("a", { x: 1, y: 2 })], []],
        [[step("a", { y: 2, x: 1 })], []],
      ],
    ],
    ["build a for 0,1"],
  ],
  ["an empty step is not a step", [[[[{}, step("a")], []]]], ["build a for 0"]],
  [
    "a step whose outputs are given does not run",
    [[[[step("a", { id: "one" }), step("b")], []]], { one: { x: "1" }, other: "2" }],
    ["build b for 0"],
  ],
  ["no steps", [[[[], []]]], []],
])("%s", (_, args, expected) => {
  expect(plan(...args)).toEqual(expected);
});

test("a step needs one key, with a mapping", () => {
  expect(stepFaults({ build: [step("a"), { a: {}, b: {} }, {}], push: [{ c: null }, { d: "x" }] })).toEqual([
    "build[1]: a step has one key, the name of its function, not a, b: write each step as its own list item",
    "push[0].c: must be a mapping of its inputs, such as {}",
    "push[1].d: must be a mapping of its inputs, such as {}",
  ]);
});
