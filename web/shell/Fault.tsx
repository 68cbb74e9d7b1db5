import { Component, type ComponentChildren } from "preact";

interface FaultProps {
  children: ComponentChildren;
}

/** Instead of an empty page after an error of the page itself: what it was, and a way on. */
export class Fault extends Component<FaultProps, { message?: string }> {
  override state: { message?: string } = {};

  static override getDerivedStateFromError(error: unknown): { message: string } {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render({ children }: FaultProps) {
    if (this.state.message === undefined) return children;
    return (
      <div class="failure" role="alert" data-testid="fault">
        <p>
          <b>This page has a bug.</b> Your runs are not affected.
        </p>
        <p class="message">{this.state.message}</p>
        <button type="button" onClick={() => location.reload()}>
          Load the page again
        </button>
      </div>
    );
  }
}
