import type { ComponentChildren } from "preact";

interface EmptyProps {
  title: string;
  /** Whether it is all that the page shows: then its title is the page's. @default false */
  isPage?: boolean;
  children?: ComponentChildren;
}

/** An empty place: why, and what to do. */
export function Empty({ title, isPage = false, children }: EmptyProps) {
  return (
    <div class="empty" data-testid="empty">
      {isPage ? (
        <h1>{title}</h1>
      ) : (
        <p>
          <b>{title}</b>
        </p>
      )}
      {children}
    </div>
  );
}
