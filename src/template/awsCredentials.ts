import type { JsonObject } from "../json";

const nullable = (schema: JsonObject, title: string, description: string): JsonObject => ({
  title,
  description,
  anyOf: [schema, { type: "null" }],
  default: null,
});
const text = (title: string, description: string) => nullable({ type: "string" }, title, description);
const texts = { type: "object", additionalProperties: { type: "string" } };

/** The schema of `aws-credentials` blocks in a template (prefect-aws 0.7). Part of a named template: each word of it is released. */
export const AWS_CREDENTIALS: JsonObject = {
  AwsCredentials: {
    title: "AwsCredentials",
    description: "Credentials for AWS: an access key, a profile, or, with none, what the machine is logged in as.",
    type: "object",
    block_type_slug: "aws-credentials",
    block_schema_references: {},
    secret_fields: ["aws_secret_access_key"],
    properties: {
      aws_access_key_id: text("AWS Access Key ID", "Id of an access key."),
      aws_secret_access_key: nullable({ type: "string", format: "password", writeOnly: true }, "AWS Access Key Secret", "Its secret."),
      aws_session_token: text("AWS Session Token", "Token of temporary credentials."),
      profile_name: text("Profile Name", "Profile of the machine's own configuration."),
      region_name: text("Region Name", "Region of the runs."),
      aws_client_parameters: {
        title: "AWS Client Parameters",
        description: "How AWS is reached.",
        $ref: "#/definitions/AwsClientParameters",
      },
      assume_role_arn: text("Assume Role ARN", "Role to be assumed."),
      assume_role_kwargs: {
        title: "Assume Role Parameters",
        description: "How that is assumed.",
        $ref: "#/definitions/AssumeRoleParameters",
      },
    },
  },
  AwsClientParameters: {
    title: "AwsClientParameters",
    description: "How AWS is reached.",
    type: "object",
    properties: {
      api_version: text("API Version", "Version of the API. The latest by default."),
      use_ssl: { title: "Use SSL", description: "Whether over TLS.", type: "boolean", default: true },
      verify: {
        title: "Verify",
        description: "Whether certificates are checked; older blocks have a file of authorities here.",
        anyOf: [{ type: "boolean" }, { type: "string", format: "file-path" }, { type: "null" }],
        default: null,
      },
      verify_cert_path: nullable({ type: "string", format: "file-path" }, "Verify Cert Path", "File of certificate authorities."),
      endpoint_url: text("Endpoint URL", "Base URL of every service."),
      config: nullable({ type: "object", additionalProperties: true }, "Config", "Settings of the client."),
    },
  },
  AssumeRoleParameters: {
    title: "AssumeRoleParameters",
    description: "What STS is told with a role to be assumed.",
    type: "object",
    properties: {
      RoleSessionName: text("Role Session Name", "Name of the session."),
      DurationSeconds: nullable({ type: "integer" }, "Duration Seconds", "How long the session is good for."),
      Policy: text("Policy", "A policy that narrows the session, as JSON."),
      PolicyArns: nullable({ type: "array", items: texts }, "Policy ARNs", "Managed policies that narrow the session."),
      Tags: nullable({ type: "array", items: texts }, "Tags", "Tags of the session."),
      TransitiveTagKeys: nullable(
        { type: "array", items: { type: "string" } },
        "Transitive Tag Keys",
        "Tags that roles assumed from it keep.",
      ),
      ExternalId: text("External ID", "What a role of another account may ask for."),
      SerialNumber: text("Serial Number", "Device of the second factor."),
      TokenCode: text("Token Code", "Code of the second factor."),
      SourceIdentity: text("Source Identity", "Who is behind it."),
      ProvidedContexts: nullable({ type: "array", items: texts }, "Provided Contexts", "Assertions about the session."),
    },
  },
};
