import type { ScheduleInfo } from "../../src/ui/wire";
import { When } from "../time/When";

/** When a deployment runs by itself. */
export function Schedules({ schedules }: { schedules: readonly ScheduleInfo[] }) {
  if (schedules.length === 0) return <p class="quiet">It has none: it runs when somebody starts it.</p>;
  return (
    <table class="table stacked" data-testid="schedules">
      <thead>
        <tr>
          <th scope="col">Schedule</th>
          <th scope="col">Next times</th>
        </tr>
      </thead>
      <tbody>
        {schedules.map(({ description, active, next }, at) => (
          <tr key={at}>
            <td>
              {description} {!active && <span class="tag">paused</span>}
            </td>
            <td class="number">
              {next.length === 0 && <span class="quiet">none</span>}
              {next.map((time, index) => (
                <span key={time} class="next-time">
                  <When at={time} as="clock" />
                  {index === 0 && (
                    <span class="quiet">
                      {" "}
                      <When at={time} />
                    </span>
                  )}
                </span>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
