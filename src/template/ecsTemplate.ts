import type { JsonObject } from "../json";
import { AWS_CREDENTIALS } from "./awsCredentials";

const optional = (title: string, description: string, type: "string" | "integer" | "boolean" = "string"): JsonObject => ({
  title,
  description,
  anyOf: [{ type }, { type: "null" }],
  default: null,
});

const flag = (title: string, description: string): JsonObject => ({ title, description, type: "boolean", default: false });

/**
 * The base job template of `ecs:push`. It has the job configuration of Prefect's `ecs` pool type (prefect-aws 0.7), and variables with the
 * same names, types and defaults.
 */
export const ECS_TEMPLATE: JsonObject = {
  job_configuration: {
    command: "{{ command }}",
    env: "{{ env }}",
    labels: "{{ labels }}",
    name: "{{ name }}",
    aws_credentials: "{{ aws_credentials }}",
    task_definition: {
      containerDefinitions: [{ image: "{{ image }}", name: "{{ container_name }}" }],
      cpu: "{{ cpu }}",
      executionRoleArn: "{{ execution_role_arn }}",
      family: "{{ family }}",
      memory: "{{ memory }}",
    },
    task_run_request: {
      capacityProviderStrategy: "{{ capacity_provider_strategy }}",
      cluster: "{{ cluster }}",
      launchType: "{{ launch_type }}",
      overrides: {
        containerOverrides: [
          {
            command: "{{ command }}",
            cpu: "{{ cpu }}",
            environment: "{{ env }}",
            memory: "{{ memory }}",
            name: "{{ container_name }}",
          },
        ],
        cpu: "{{ cpu }}",
        memory: "{{ memory }}",
        taskRoleArn: "{{ task_role_arn }}",
      },
      tags: "{{ labels }}",
      taskDefinition: "{{ task_definition_arn }}",
    },
    configure_cloudwatch_logs: "{{ configure_cloudwatch_logs }}",
    cloudwatch_logs_options: "{{ cloudwatch_logs_options }}",
    cloudwatch_logs_prefix: "{{ cloudwatch_logs_prefix }}",
    network_configuration: "{{ network_configuration }}",
    stream_output: false,
    task_start_timeout_seconds: 0,
    task_watch_poll_interval: 0,
    auto_deregister_task_definition: "{{ auto_deregister_task_definition }}",
    vpc_id: "{{ vpc_id }}",
    container_name: "{{ container_name }}",
    cluster: "{{ cluster }}",
    match_latest_revision_in_family: "{{ match_latest_revision_in_family }}",
    prefect_api_key_secret_arn: "{{ prefect_api_key_secret_arn }}",
    prefect_api_auth_string_secret_arn: "{{ prefect_api_auth_string_secret_arn }}",
    execution_role_arn: "{{ execution_role_arn }}",
  },
  variables: {
    type: "object",
    description: "Variables of an ecs:push work pool.",
    properties: {
      name: optional("Name", "Name of the run's infrastructure. By default made of the run's own."),
      env: {
        title: "Environment Variables",
        description: "Environment variables of a run.",
        type: "object",
        additionalProperties: { anyOf: [{ type: "string" }, { type: "null" }] },
      },
      labels: {
        title: "Labels",
        description: "Tags of a run's task.",
        type: "object",
        additionalProperties: { type: "string" },
      },
      command: optional("Command", "What a run starts. By default what its deployment has."),
      task_definition_arn: optional(
        "Task Definition ARN",
        "A task definition that is there already. What belongs into a task definition (image, logs, execution role) has then no effect.",
      ),
      aws_credentials: {
        title: "AWS Credentials",
        description: "As whom runs are submitted. With none, as what the machine is logged in as.",
        $ref: "#/definitions/AwsCredentials",
      },
      cluster: optional("Cluster", "Cluster in which runs run, by name or ARN."),
      family: optional("Family", "Family of the task definition. By default made of the names of work pool, flow and deployment."),
      launch_type: {
        title: "Launch Type",
        description: "What runs run on. A capacity provider strategy goes over it, as FARGATE_SPOT becomes one.",
        type: "string",
        enum: ["FARGATE", "EC2", "EXTERNAL", "FARGATE_SPOT"],
        default: "FARGATE",
      },
      capacity_provider_strategy: {
        title: "Capacity Provider Strategy",
        description: "Capacity providers in place of a launch type.",
        type: "array",
        items: { $ref: "#/definitions/CapacityProvider" },
      },
      image: optional("Image", "Image that runs run in. prefecthq/prefect:3-latest by default."),
      cpu: optional("CPU", "Units of CPU, 1024 to a core. 1024 by default.", "integer"),
      memory: optional("Memory", "Memory in MiB. 2048 by default. Fargate takes certain pairs of CPU and memory.", "integer"),
      container_name: optional("Container Name", "Name of the container that the run is in. prefect by default."),
      prefect_api_key_secret_arn: optional("Prefect API Key Secret ARN", "ARN of the secret or parameter that holds the Prefect API key."),
      prefect_api_auth_string_secret_arn: optional(
        "Prefect API Auth String Secret ARN",
        "ARN of the secret or parameter that holds a Prefect server's user and password.",
      ),
      task_role_arn: optional("Task Role ARN", "Role that flows have."),
      execution_role_arn: optional("Execution Role ARN", "Role as which ECS fetches images and secrets and writes logs."),
      vpc_id: optional("VPC ID", "VPC that runs are in. pushpool needs its subnets named in the network configuration."),
      configure_cloudwatch_logs: optional(
        "Configure Cloudwatch Logs",
        "Whether runs write to CloudWatch Logs. Needs an execution role that may.",
        "boolean",
      ),
      cloudwatch_logs_options: {
        title: "Cloudwatch Logs Options",
        description: "Options of the awslogs driver, over those that are made: awslogs-group and so on.",
        type: "object",
        additionalProperties: { type: "string" },
      },
      cloudwatch_logs_prefix: optional(
        "Cloudwatch Logs Prefix",
        "What names of log streams begin with. Made of the work pool's by default.",
      ),
      network_configuration: {
        title: "Network Configuration",
        description: "Subnets, securityGroups and assignPublicIp of runs, as ECS' awsvpcConfiguration has them. Needs a VPC ID.",
        type: "object",
        additionalProperties: true,
      },
      auto_deregister_task_definition: flag("Auto Deregister Task Definition", "Whether a run's task definition goes with it."),
      match_latest_revision_in_family: flag(
        "Match Latest Revision In Family",
        "Whether the latest revision of the family is used again where it is the same.",
      ),
    },
    definitions: {
      ...(AWS_CREDENTIALS as Record<string, JsonObject>),
      CapacityProvider: {
        title: "CapacityProvider",
        description: "One of the providers, and its share.",
        type: "object",
        required: ["capacityProvider", "weight", "base"],
        properties: {
          capacityProvider: { title: "Capacityprovider", type: "string" },
          weight: { title: "Weight", type: "integer" },
          base: { title: "Base", type: "integer" },
        },
      },
    },
  },
};
