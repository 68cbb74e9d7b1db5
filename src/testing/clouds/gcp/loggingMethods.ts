import type { JsonObject } from "../../../json";
import type { Method } from "./api";
import { GoogleError } from "./errors";
import { projectIdOf } from "./gate";

/** What of Cloud Logging's API reads entries (https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list). */
export const LOGGING_METHODS: readonly Method[] = [
  {
    id: "logging.entries.list",
    verb: "POST",
    pattern: /^\/v2\/entries:list$/,
    quota: "logRead",
    handle: ({ world, member, body }) => {
      const names = (body.resourceNames ?? []) as string[];
      if (names.length === 0) throw new GoogleError("INVALID_ARGUMENT", "resource_names must not be empty");
      for (const name of names) {
        const given = /^projects\/([^/]+)$/.exec(name)?.[1];
        if (given === undefined) throw new GoogleError("INVALID_ARGUMENT", `${name} is no resource name`);
        const project = projectIdOf(world, given);
        if (!world.iam.may(member, "logging.logEntries.list", [`projects/${project}`]))
          throw new GoogleError("PERMISSION_DENIED", "The caller does not have permission");
      }
      const { filter, orderBy, pageSize, pageToken } = body as { filter?: string; orderBy?: string; pageSize?: number; pageToken?: string };
      return world.log.list({ filter, orderBy, pageSize, pageToken }) as unknown as JsonObject;
    },
  },
];
