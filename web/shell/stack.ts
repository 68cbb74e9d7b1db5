import { signal } from "@preact/signals";
import type { StackInfo } from "../../src/ui/wire";

/** Facts about the stack; undefined until pushpool answers. */
export const stack = signal<StackInfo | undefined>(undefined);

/** Why the Prefect server does not answer, as the last event said; undefined: no event yet. */
export const serverUnreachable = signal<string | null | undefined>(undefined);
