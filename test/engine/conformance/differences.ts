/** The compared aspects of a step. */
export type Aspect = "exit" | "changes" | "outputs" | "secrets" | "events" | "sequence" | "calls" | "state" | "order";

/**
 * Where this engine differs from the recording, by scenario and step, and why. Secrets, deletions and the state after a failure may never
 * differ.
 */
export const differences: Record<string, { aspects: Aspect[]; reason: string }> = {
  "d10-duplicate-and-bad-registrations/01-preview": {
    aspects: ["changes", "events", "sequence", "calls"],
    reason:
      "two registrations of one URN arrive together: Pulumi's engine has by chance checked the first when it sees the second; here neither starts",
  },
  "d10-duplicate-and-bad-registrations/02-up": {
    aspects: ["calls"],
    reason: "as in its preview: not even the first of the two is checked",
  },
  "g3-dynamic-errors/02-up": {
    aspects: ["changes", "events", "sequence"],
    reason:
      "Pulumi's engine still reports a sibling as unchanged if its diff was running at the failure; here nothing starts after a failure",
  },
};

/**
 * Orders that a program leaves to chance, on both engines. They are forced to the recorded order: calls of `method` wait until `count`
 * calls of `after` have been answered. h1-invoke looks up by name what it creates at the same time, and did not find it in the recording.
 */
export const forcedOrders: Record<string, { method: string; after: string; count: number }> = {
  "h1-invoke/02-up": { method: "Create", after: "Invoke", count: 5 },
};

/**
 * Answers that a program leaves to chance in the same way: calls of `method` are answered once `count` calls of `after` have begun. In f12-import
 * the Read fails while the program registers b. If it fails first, nothing is checked any more.
 */
export const lateAnswers: Record<string, { method: string; after: string; count: number }> = {
  "f12-import/06-up": { method: "Read", after: "Check", count: 3 },
};
