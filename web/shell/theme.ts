import { effect, signal } from "@preact/signals";
import { recall, remember } from "./settings";

export type Theme = "auto" | "light" | "dark";

/** `auto` follows the operating system. */
export const theme = signal<Theme>(stored());

effect(() => {
  if (theme.value === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
  remember("theme", theme.value);
});

function stored(): Theme {
  const value = recall("theme");
  return value === "light" || value === "dark" ? value : "auto";
}
