import { signal } from "@preact/signals";

/** Where the reader is. */
export const place = signal(current());

window.addEventListener("popstate", () => {
  place.value = current();
});

/** Go to an address of this page. @param replace without a new entry in the browser's history */
export function navigate(to: string, replace = false): void {
  if (to === `${place.value.path}${place.value.search}`) return;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  const before = place.value.path;
  place.value = current();
  if (place.value.path === before) return;
  const main = document.getElementById("main");
  main?.scrollTo(0, 0);
  // A screen reader continues at the new page, not at the link that is gone.
  main?.focus({ preventScroll: true });
}

function current(): { path: string; search: string } {
  return { path: location.pathname, search: location.search };
}
