import { clock } from "./clock";
import { clockText, relativeText, utcText } from "./formats";

interface WhenProps {
  /** ISO 8601. */
  at: string;
  /** `relative` is `5 min ago` and moves on; `clock` is date and time in the reader's zone. @default "relative" */
  as?: "relative" | "clock";
}

/** A time. Pointing at it shows it in the reader's zone and in UTC. */
export function When({ at, as = "relative" }: WhenProps) {
  const time = Date.parse(at);
  if (Number.isNaN(time)) return <span>{at}</span>;
  return (
    <time dateTime={at} title={`${clockText(time)}\n${utcText(time)}`}>
      {as === "relative" ? relativeText(time, clock.value) : clockText(time)}
    </time>
  );
}
