import type { Attempt } from "../../src/ui/wire";
import { StateMark } from "../states/StateMark";
import { durationText } from "../time/formats";
import { When } from "../time/When";

/** Every state of an attempt, with its time and reason. */
export function StateTable({ attempt }: { attempt: Attempt }) {
  return (
    <table class="table stacked" data-testid="states">
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">At</th>
          <th scope="col">After</th>
          <th scope="col">Reason</th>
        </tr>
      </thead>
      <tbody>
        {attempt.states.map((state, at) => {
          const before = attempt.states[at - 1];
          return (
            <tr key={at}>
              <td>
                <StateMark state={state} />
              </td>
              <td class="number nowrap">
                <When at={state.timestamp} as="clock" />
              </td>
              <td class="number nowrap quiet">{before ? durationText(Date.parse(state.timestamp) - Date.parse(before.timestamp)) : ""}</td>
              <td class="message">{state.message}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
