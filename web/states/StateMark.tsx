import type { State, StateType } from "../../src/ui/wire";

/** A shape for each type of state, for 12 × 12. A state is never shown by its colour alone. */
const SHAPES: Record<StateType, string> = {
  SCHEDULED: "M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M6 3.5V6l2 1.2",
  PENDING: "M3 6h.01M6 6h.01M9 6h.01",
  RUNNING: "M4 2.5v7L9.5 6z",
  PAUSED: "M4 3v6M8 3v6",
  CANCELLING: "M6 1.5a4.5 4.5 0 1 0 4.5 4.5M4 6h4",
  COMPLETED: "M2.5 6.5 5 9l4.5-6",
  FAILED: "M3 3l6 6M9 3 3 9",
  CRASHED: "M6 2v5M6 9.5h.01",
  CANCELLED: "M6 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M3 9l6-6",
};

/** The CSS class that sets the colour of a state. */
export function stateClass(type: StateType): string {
  return `state-${type.toLowerCase()}`;
}

/** `Completed`, `Cancelled`: the name of a type of state. */
export function typeText(type: StateType): string {
  return type.charAt(0) + type.slice(1).toLowerCase();
}

export function StateIcon({ type }: { type: StateType }) {
  return (
    <svg class={`state-icon ${stateClass(type)}`} viewBox="0 0 12 12" aria-hidden="true">
      <path d={SHAPES[type]} />
    </svg>
  );
}

/** A state in its own word, such as `Late` or `Running`, with its shape and colour. @param live whether a screen reader says its changes */
export function StateMark({ state, live = false }: { state: Omit<State, "timestamp">; live?: boolean }) {
  return (
    <span
      class={`state ${stateClass(state.type)}`}
      title={state.message}
      data-testid="state"
      data-state={state.type}
      {...(live ? { role: "status" } : {})}
    >
      <StateIcon type={state.type} />
      <span class="state-name">{spaced(state.name)}</span>
    </span>
  );
}

/** `AwaitingConcurrencySlot` becomes `Awaiting concurrency slot`. */
function spaced(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);
}
