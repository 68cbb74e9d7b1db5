import type { ComponentChildren } from "preact";

/** Nothing to show: why, and what to do. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty" data-testid="empty">
      <p>
        <b>{title}</b>
      </p>
      {children}
    </div>
  );
}
