import type { JsonObject } from "../json";

const text = (title: string, description: string, more: JsonObject = {}): JsonObject => ({
  title,
  description,
  anyOf: [{ type: "string", ...more }, { type: "null" }],
  default: null,
});

/**
 * The base job template of `process:push`. Its variables have the names, types and defaults of Prefect's `process` pool type (3.8).
 */
export const PROCESS_TEMPLATE: JsonObject = {
  job_configuration: {
    command: "{{ command }}",
    env: "{{ env }}",
    labels: "{{ labels }}",
    name: "{{ name }}",
    stream_output: "{{ stream_output }}",
    working_dir: "{{ working_dir }}",
  },
  variables: {
    type: "object",
    properties: {
      name: text("Name", "What the run's process is called in the ledger. The flow run's name by default."),
      env: {
        title: "Environment variables",
        description: "Set for the command, over what it inherits. A name with the value null is unset.",
        type: "object",
        additionalProperties: { anyOf: [{ type: "string" }, { type: "null" }] },
      },
      labels: {
        title: "Labels",
        description: "Kept with the run, beside pushpool's own.",
        type: "object",
        additionalProperties: { type: "string" },
      },
      command: text("Command", "What to run, split into words as a POSIX shell does; it is not run by a shell."),
      stream_output: {
        title: "Stream output",
        description: "Whether those who watch the run see its output as it comes. It is kept in any case.",
        type: "boolean",
        default: true,
      },
      working_dir: text("Working directory", "Where the command runs; it must be there. A temporary folder of the run's own by default.", {
        format: "path",
      }),
    },
  },
};
