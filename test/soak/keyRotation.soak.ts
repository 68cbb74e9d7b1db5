import { test } from "vitest";
import { KILL_POINTS, killRotation } from "../e2e/killedRotation";

// kill -9 at every step of a rotation, on every cloud. `npm test` has one of them.

test.each(KILL_POINTS)("$cloud: up is killed at the step $step (after: $after)", killRotation, 600_000);
