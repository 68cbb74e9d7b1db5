import type { JsonObject } from "../json";

const optional = (title: string, description: string, more: JsonObject = {}): JsonObject => ({
  title,
  description,
  anyOf: [{ type: "string" }, { type: "null" }],
  default: null,
  ...more,
});

const secretReference = (title: string, description: string, example: string): JsonObject => ({
  title,
  description,
  anyOf: [{ $ref: "#/definitions/SecretKeySelector" }, { type: "null" }],
  default: null,
  examples: [{ secret: example, version: "latest" }],
});

/**
 * The base job template of `cloud-run-v2:push`. It has the job configuration of Prefect's `cloud-run-v2` pool type (prefect-gcp 0.6), and
 * variables with the same names, types and defaults.
 */
export const CLOUD_RUN_TEMPLATE: JsonObject = {
  job_configuration: {
    command: "{{ command }}",
    env: "{{ env }}",
    labels: "{{ labels }}",
    name: "{{ name }}",
    credentials: "{{ credentials }}",
    env_from_secrets: "{{ env_from_secrets }}",
    prefect_api_key_secret: "{{ prefect_api_key_secret }}",
    prefect_api_auth_string_secret: "{{ prefect_api_auth_string_secret }}",
    cloudsql_instances: "{{ cloudsql_instances }}",
    job_body: {
      client: "prefect",
      launchStage: "{{ launch_stage }}",
      template: {
        template: {
          containers: [
            {
              args: "{{ args }}",
              command: "{{ command }}",
              env: [],
              image: "{{ image }}",
              resources: { limits: { cpu: "{{ cpu }}", memory: "{{ memory }}" } },
            },
          ],
          maxRetries: "{{ max_retries }}",
          serviceAccount: "{{ service_account_name }}",
          timeout: "{{ timeout }}",
          vpcAccess: { connector: "{{ vpc_connector_name }}" },
        },
      },
    },
    keep_job: "{{ keep_job }}",
    region: "{{ region }}",
    timeout: "{{ timeout }}",
  },
  variables: {
    type: "object",
    properties: {
      name: optional("Name", "What the run's infrastructure is called. The flow run's name by default."),
      env: {
        title: "Environment Variables",
        description: "Set for the flow run. Their values can be read in the Google Cloud console; for a secret take env_from_secrets.",
        type: "object",
        additionalProperties: { anyOf: [{ type: "string" }, { type: "null" }] },
      },
      labels: {
        title: "Labels",
        description: "Put on the infrastructure, beside those that tell the flow run.",
        type: "object",
        additionalProperties: { type: "string" },
      },
      command: optional("Command", "What the container runs in place of its image's own. Usually left to what submits the run."),
      credentials: {
        title: "GCP Credentials",
        description: "Block of the credentials by which runs are submitted. Without one: the login of the machine that submits.",
        $ref: "#/definitions/GcpCredentials",
      },
      region: { title: "Region", description: "Where the job runs, as europe-west1.", type: "string", default: "us-central1" },
      image: optional("Image Name", "Container image of the job.", { default: "prefecthq/prefect:3-latest" }),
      args: { title: "Args", description: "Arguments to the container's command.", type: "array", items: { type: "string" } },
      env_from_secrets: {
        title: "Environment Variables from Secrets",
        description: "Environment variables whose values Secret Manager holds, by name.",
        type: "object",
        additionalProperties: { $ref: "#/definitions/SecretKeySelector" },
        examples: [{ DATABASE_PASSWORD: { secret: "database-password", version: "latest" } }],
      },
      prefect_api_key_secret: secretReference(
        "Prefect API Key Secret",
        "Secret of Secret Manager with the Prefect API key; the key then stands in no job.",
        "prefect-api-key",
      ),
      prefect_api_auth_string_secret: secretReference(
        "Prefect API Auth String Secret",
        "Secret of Secret Manager with user:password of a Prefect server; it then stands in no job.",
        "prefect-api-auth-string",
      ),
      cloudsql_instances: {
        title: "Cloud SQL Instances",
        description: "Connection names of the Cloud SQL instances that the job connects to.",
        anyOf: [{ type: "array", items: { type: "string" } }, { type: "null" }],
        examples: ["project:region:instance"],
      },
      keep_job: {
        title: "Keep Job After Completion",
        description: "Whether the job stays after its run.",
        type: "boolean",
        default: false,
      },
      launch_stage: {
        title: "Launch Stage",
        description:
          "Which of Cloud Run's features the job may use: https://cloud.google.com/run/docs/troubleshooting#launch-stage-validation",
        type: "string",
        enum: ["ALPHA", "BETA", "GA", "DEPRECATED", "EARLY_ACCESS", "PRELAUNCH", "UNIMPLEMENTED", "LAUNCH_TAG_UNSPECIFIED"],
        default: "BETA",
      },
      max_retries: {
        title: "Max Retries",
        description: "How often Cloud Run itself starts a failed container again.",
        type: "integer",
        default: 0,
      },
      cpu: { title: "CPU", description: "CPUs, in thousandths: 1000m is one.", type: "string", default: "1000m" },
      memory: {
        title: "Memory",
        description: "Memory, with its unit: G, Gi, M or Mi.",
        type: "string",
        pattern: "^\\d+(?:G|Gi|M|Mi)$",
        default: "512Mi",
        examples: ["512Mi"],
      },
      timeout: {
        title: "Job Timeout",
        description: "How long the job may take before Cloud Run ends it, in seconds; 604800 (7 days) at most.",
        type: "integer",
        exclusiveMinimum: 0,
        maximum: 604800,
        default: 600,
      },
      vpc_connector_name: optional("VPC Connector Name", "Serverless VPC Access connector that the job's traffic goes through."),
      service_account_name: optional(
        "Service Account Name",
        "E-mail of the service account that the job runs as. Without one it is the project's default compute account, which often may do a lot.",
        { examples: ["flows@acme.iam.gserviceaccount.com"] },
      ),
    },
    definitions: {
      GcpCredentials: {
        title: "GcpCredentials",
        description: "Credentials for Google Cloud: a service account's key, or, with none, what the machine is logged in as.",
        type: "object",
        block_type_slug: "gcp-credentials",
        block_schema_references: {},
        secret_fields: ["service_account_info.*"],
        properties: {
          service_account_file: optional("Service Account File", "Path of the key's file.", {
            anyOf: [{ type: "string", format: "path" }, { type: "null" }],
          }),
          service_account_info: {
            title: "Service Account Info",
            description: "The key itself, as JSON.",
            anyOf: [{ type: "object", additionalProperties: true }, { type: "null" }],
            default: null,
          },
          project: optional("Project", "Project that it is used in."),
        },
      },
      SecretKeySelector: {
        title: "SecretKeySelector",
        description: "A secret of Secret Manager, and its version: a number, or latest.",
        type: "object",
        properties: { secret: { title: "Secret", type: "string" }, version: { title: "Version", type: "string" } },
        required: ["secret", "version"],
      },
    },
  },
};
