import { signal } from "@preact/signals";
import { backOff } from "./backOff";

/**
 * Whether pushpool answers this page: `locked` if it no longer accepts the page's cookie, as after a restart of `pushpool ui`.
 */
export type ServerLink = { kind: "connected" } | { kind: "lost"; retryAt: number } | { kind: "locked" };

export const connection = signal<ServerLink>({ kind: "connected" });

/** Increases each time that pushpool answers again. What is on the page is then old: whoever shows it fetches it again. */
export const reconnects = signal(0);

let probing = false;
let wake: (() => void) | undefined;

/** Something failed. If pushpool really does not answer, this shows that, and tries until it does. */
export function reportFailure(): void {
  if (!probing && connection.value.kind !== "locked") void probe();
}

export function lock(): void {
  connection.value = { kind: "locked" };
}

/** Try now instead of later. */
export function tryNow(): void {
  wake?.();
}

/** Resolves when pushpool answers. */
export function connected(): Promise<void> {
  return new Promise((resolve) => {
    const stop = connection.subscribe((now) => {
      if (probing || now.kind !== "connected") return;
      queueMicrotask(() => stop());
      resolve();
    });
  });
}

// Whoever comes back to the page does not want to wait.
document.addEventListener("visibilitychange", () => document.hidden || tryNow());
window.addEventListener("online", tryNow);

async function probe(): Promise<void> {
  probing = true;
  for (let attempt = 0; ; attempt++) {
    const answer = await fetch("/api/stack", { credentials: "same-origin" }).catch(() => undefined);
    if (answer?.status === 401) {
      probing = false;
      return lock();
    }
    if (answer && answer.status < 500) break;
    const delay = backOff(attempt);
    connection.value = { kind: "lost", retryAt: Date.now() + delay };
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delay);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
  probing = false;
  const wasLost = connection.value.kind === "lost";
  connection.value = { kind: "connected" };
  if (wasLost) reconnects.value++;
}
