import { expect, test } from "vitest";
import type { AciApi } from "../../../src/targets/containerInstances/aciApi";
import { openDeletions } from "../../../src/targets/containerInstances/aciDeletions";
import { UserError } from "../../../src/userError";
import { memoryNotes } from "../cloud/memoryNotes";

const idOf = (group: string) => `/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerInstance/containerGroups/${group}`;

/** Azure, as far as deletions need it. `looks`: for how many looks a deleted group is still shown. */
function azure({ looks, busy = 0 }: { looks: number; busy?: number }) {
  const left = new Map<string, number>();
  const calls: string[] = [];
  let refusals = busy;
  const api = {
    delete: async ({ group }: { group: string }) => {
      calls.push(`delete ${group}`);
      if (refusals-- > 0) throw Object.assign(new Error("still transitioning"), { statusCode: 409, code: "ContainerGroupTransitioning" });
      if (!left.has(group)) left.set(group, looks);
    },
    get: async ({ group }: { group: string }) => {
      calls.push(`get ${group}`);
      const more = left.get(group) ?? 0;
      left.set(group, more - 1);
      return more > 0 ? {} : undefined;
    },
  } as unknown as AciApi;
  return { api, calls, left };
}

test("a deletion is proved by a look", async () => {
  const { api, calls } = azure({ looks: 0 });
  const notes = memoryNotes();
  await openDeletions({ api, notes }).delete(idOf("a"), "westeurope");
  expect(calls).toEqual(["delete a", "get a"]);
  expect(await notes.noteKeys("aci/deleting/", 9)).toEqual([]);
});

test("it is asked for again while another operation is under way", async () => {
  const { api, calls } = azure({ looks: 0, busy: 2 });
  await openDeletions({ api, notes: memoryNotes() }).delete(idOf("a"), undefined);
  expect(calls).toEqual(["delete a", "delete a", "delete a", "get a"]);
});

test("if Azure still shows the group, that is said, and any later clean-up proves it", async () => {
  const { api, calls, left } = azure({ looks: Number.POSITIVE_INFINITY });
  const notes = memoryNotes();
  const deletions = openDeletions({ api, notes }, { goneWithin: 1 });
  await expect(deletions.delete(idOf("a"), "westeurope")).rejects.toThrow(
    new UserError(
      'Azure still shows container group "a" 0.0 s after it accepted the deletion: pushpool looks again at the next clean-up. If the group stays, delete it in the portal: it may cost money',
      5,
    ),
  );
  calls.length = 0;
  // In another process, too.
  const other = openDeletions({ api, notes });
  expect(await other.proveEarlier(3)).toEqual([]);
  left.set("a", 0);
  expect(await other.proveEarlier(3)).toEqual([]);
  expect(await other.proveEarlier(3)).toEqual([]);
  expect(calls).toEqual(["get a", "get a"]);
});

test("what Azure has accepted and not done for long is asked for again, and said", async () => {
  const { api, calls } = azure({ looks: Number.POSITIVE_INFINITY });
  const deletions = openDeletions({ api, notes: memoryNotes() }, { goneWithin: 1, againAfter: 0 });
  await deletions.delete(idOf("a"), "westeurope").catch(() => {});
  calls.length = 0;
  expect(await deletions.proveEarlier(3)).toEqual([expect.stringMatching(/^Azure still shows container group "a" .* s after it accepted/)]);
  expect(calls).toEqual(["get a", "delete a"]);
});
