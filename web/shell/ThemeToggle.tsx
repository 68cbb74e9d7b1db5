import { type Theme, theme } from "./theme";

const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };
const SHAPES: Record<Theme, string> = {
  auto: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
  light: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.4 1.4M11.6 11.6 13 13M13 3l-1.4 1.4M4.4 11.6 3 13",
  dark: "M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5",
};

export function ThemeToggle() {
  const now = theme.value;
  const next = NEXT[now];
  const label = `Theme: ${now === "auto" ? "the system's" : now}. Change to ${next === "auto" ? "the system's" : next}`;
  const change = () => {
    theme.value = next;
  };
  return (
    <button type="button" class="icon-button" title={label} aria-label={label} data-testid="theme" onClick={change}>
      <svg viewBox="0 0 16 16" aria-hidden="true" class={`theme-${now}`}>
        <path d={SHAPES[now]} />
      </svg>
    </button>
  );
}
