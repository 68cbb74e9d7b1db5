import type { QueueRow } from "../../src/ui/wire";
import { Slots } from "./Slots";

/** The work queues of a pool. */
export function Queues({ queues }: { queues: readonly QueueRow[] }) {
  const hasPriorities = queues.some(({ priority }) => priority !== undefined);
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col">Queue</th>
          {hasPriorities && <th scope="col">Priority</th>}
          <th scope="col">Slots</th>
        </tr>
      </thead>
      <tbody>
        {queues.map(({ name, priority, paused, used, limit }) => (
          <tr key={name}>
            <td>
              {name} {paused && <span class="tag paused">paused</span>}
            </td>
            {hasPriorities && <td class="number">{priority}</td>}
            <td>
              <Slots used={used} limit={limit} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
