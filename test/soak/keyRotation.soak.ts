import { test } from "vitest";
import { killRotation } from "../e2e/killedRotation";

// kill -9 at every step of a rotation. `npm test` has one of them.

test.each([
  { on: "iam:CreateAccessKey", after: false },
  { on: "iam:CreateAccessKey", after: true },
  { on: "sts:GetCallerIdentity", after: false },
  { on: "sts:GetCallerIdentity", after: true },
  { on: "iam:DeleteAccessKey", after: false },
  { on: "iam:DeleteAccessKey", after: true },
] as const)("up is killed at $on (after: $after)", killRotation, 600_000);
