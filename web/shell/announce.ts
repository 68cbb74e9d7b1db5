import { signal } from "@preact/signals";

/** The last thing that a screen reader should say. */
export const announcement = signal("");

export function announce(text: string): void {
  announcement.value = text;
}
