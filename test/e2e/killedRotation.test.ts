import { test } from "vitest";
import { killRotation } from "./killedRotation";

// One kill of a rotation: after AWS made a key, before its secret is in the state. test/soak/keyRotation.soak.ts has all of them.

test("up is killed when AWS has made the new key: its secret is lost, and the next ups replace it", () =>
  killRotation({ cloud: "aws", step: "create", after: true }));
