import { signal } from "@preact/signals";

/** The time now, to the second. Whoever reads it renders again when it moves; a hidden page stands still. */
export const clock = signal(Date.now());

setInterval(() => {
  if (!document.hidden) clock.value = Date.now();
}, 1000);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) clock.value = Date.now();
});
