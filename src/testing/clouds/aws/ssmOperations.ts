import type { Operation } from "./api";
import { AwsError } from "./errors";

/** Parameter Store. */
export const SSM_OPERATIONS: readonly Operation[] = [
  {
    action: "ssm:PutParameter",
    handle: ({ world, principal, body }) => {
      const name = String(body.Name);
      world.iam.check(principal, "ssm:PutParameter", world.arn("ssm", `parameter${name}`));
      const before = world.parameters.get(name);
      if (before && body.Overwrite !== true)
        throw new AwsError(
          "ParameterAlreadyExists",
          "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
        );
      const value = String(body.Value);
      if (value === "" || Buffer.byteLength(value) > 8192)
        throw new AwsError("ValidationException", "The parameter value is empty or too long.");
      const version = (before?.version ?? 0) + 1;
      world.parameters.set(name, { value, version });
      return { Version: version, Tier: "Standard" };
    },
  },
];
