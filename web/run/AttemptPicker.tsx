import type { Attempt } from "../../src/ui/wire";
import { StateMark } from "../states/StateMark";

interface AttemptPickerProps {
  attempts: readonly Attempt[];
  chosen: number | undefined;
  onChoose(number: number): void;
}

/** Which attempt the timeline, the states and the configuration are of. */
export function AttemptPicker({ attempts, chosen, onChoose }: AttemptPickerProps) {
  return (
    <fieldset class="attempts">
      <legend class="hidden">Attempt</legend>
      {attempts.map(({ number, states }) => {
        const last = states.at(-1);
        return (
          <button
            key={number}
            type="button"
            class="chip"
            aria-pressed={number === chosen}
            data-testid={`attempt-${number}`}
            onClick={() => onChoose(number)}
          >
            Attempt {number} {last && <StateMark state={last} />}
          </button>
        );
      })}
    </fieldset>
  );
}
