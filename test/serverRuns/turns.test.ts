import { expect, test } from "vitest";
import { inOrder, Turns } from "../../src/serverRuns/turns";

test("runs of one queue go in the order in which they joined it, whoever is ready or done first; other queues do not wait", async () => {
  const turns = new Turns();
  const gone: string[] = [];
  const [first, second, third, other] = [turns.join("a"), turns.join("a"), turns.join("a"), turns.join("b")];
  const all = Promise.all(
    Object.entries({ third, second, first, other }).map(async ([name, turn]) => {
      await turn.mine;
      gone.push(name);
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(gone).toEqual(["first", "other"]);
  second.done();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(gone).toEqual(["first", "other"]);
  first.done();
  first.done();
  await all;
  expect(gone).toEqual(["first", "other", "second", "third"]);
  third.done();
  await turns.join("a").mine;
});

test("the runs of each deployment are sorted, and the deployments keep their places", () => {
  const run = (deployment_id: string, due: number, created = "2026-01-01T00:00:00Z") => ({ deployment_id, due, created });
  const [late, early, queued, same] = [run("a", 2), run("a", 1), run("b", 9), run("a", 1, "2025-01-01T00:00:00Z")];
  expect(inOrder([late, queued, early, same], ({ due }) => due)).toEqual([same, queued, early, late]);
});
