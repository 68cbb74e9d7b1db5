import type { JsonObject } from "../../../json";
import type { Method } from "./googleCall";
import { GoogleError } from "./googleError";
import { projectIdOf } from "./googleGate";
import type { LogEntry } from "./googleLogStore";

/** The methods of Cloud Logging that read and write entries (https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries). */
export const LOGGING_METHODS: readonly Method[] = [
  {
    id: "logging.entries.write",
    verb: "POST",
    pattern: /^\/v2\/entries:write$/,
    handle: ({ world, member, body }) => {
      const { entries = [], ...common } = body as unknown as Partial<LogEntry> & { entries?: Partial<LogEntry>[] };
      for (const given of entries) {
        const entry = { ...common, ...given, labels: { ...common.labels, ...given.labels } };
        const { logName, resource } = entry;
        const project = projectIdOf(world, /^projects\/([^/]+)\/logs\/[^/]+$/.exec(logName ?? "")?.[1] ?? "");
        if (logName === undefined || project === "") throw new GoogleError("INVALID_ARGUMENT", `${logName} is not a valid log name`);
        if (!resource) throw new GoogleError("INVALID_ARGUMENT", "The monitored resource must be specified.");
        if (!world.iam.may(member, "logging.logEntries.create", [`projects/${project}`]))
          throw new GoogleError("PERMISSION_DENIED", "The caller does not have permission");
        world.log.take({ ...entry, logName, resource });
      }
      return {};
    },
  },
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
        if (given === undefined) throw new GoogleError("INVALID_ARGUMENT", `${name} is not a valid resource name`);
        const project = projectIdOf(world, given);
        if (!world.iam.may(member, "logging.logEntries.list", [`projects/${project}`]))
          throw new GoogleError("PERMISSION_DENIED", "The caller does not have permission");
      }
      const { filter, orderBy, pageSize, pageToken } = body as { filter?: string; orderBy?: string; pageSize?: number; pageToken?: string };
      return world.log.list({ filter, orderBy, pageSize, pageToken }) as unknown as JsonObject;
    },
  },
];
