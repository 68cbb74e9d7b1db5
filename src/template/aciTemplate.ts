import type { JsonObject } from "../json";

const nullable = (schema: JsonObject, title: string, description: string, more: JsonObject = {}): JsonObject => ({
  title,
  description,
  anyOf: [schema, { type: "null" }],
  default: null,
  ...more,
});
const optional = (title: string, description: string, more: JsonObject = {}) => nullable({ type: "string" }, title, description, more);
const list = (title: string, description: string) => nullable({ type: "array", items: { type: "string" } }, title, description);

/**
 * The base job template of `azure-container-instance:push`. It has the job configuration of Prefect's `azure-container-instance` pool type
 * (prefect-azure 0.4), and variables with the same names, types and defaults.
 */
export const ACI_TEMPLATE: JsonObject = {
  job_configuration: {
    command: "{{ command }}",
    env: "{{ env }}",
    labels: "{{ labels }}",
    name: "{{ name }}",
    image: "{{ image }}",
    resource_group_name: "{{ resource_group_name }}",
    subscription_id: "{{ subscription_id }}",
    identities: "{{ identities }}",
    entrypoint: "{{ entrypoint }}",
    image_registry: "{{ image_registry }}",
    cpu: "{{ cpu }}",
    gpu_count: "{{ gpu_count }}",
    gpu_sku: "{{ gpu_sku }}",
    memory: "{{ memory }}",
    subnet_ids: "{{ subnet_ids }}",
    dns_servers: "{{ dns_servers }}",
    stream_output: "{{ stream_output }}",
    aci_credentials: "{{ aci_credentials }}",
    task_start_timeout_seconds: "{{ task_start_timeout_seconds }}",
    task_watch_poll_interval: "{{ task_watch_poll_interval }}",
    arm_template: {
      $schema: "https://schema.management.azure.com/schemas/2019-08-01/deploymentTemplate.json#",
      contentVersion: "1.0.0.0",
      parameters: {
        location: {
          type: "string",
          defaultValue: "[resourceGroup().location]",
          metadata: { description: "Location for all resources." },
        },
        container_group_name: {
          type: "string",
          defaultValue: "[uniqueString(resourceGroup().id)]",
          metadata: { description: "The name of the container group to create." },
        },
        container_name: {
          type: "string",
          defaultValue: "[uniqueString(resourceGroup().id)]",
          metadata: { description: "The name of the container to create." },
        },
      },
      resources: [
        {
          type: "Microsoft.ContainerInstance/containerGroups",
          apiVersion: "2022-09-01",
          name: "[parameters('container_group_name')]",
          location: "[parameters('location')]",
          properties: {
            containers: [
              {
                name: "[parameters('container_name')]",
                properties: {
                  image: "{{ image }}",
                  command: "{{ command }}",
                  resources: { requests: { cpu: "{{ cpu }}", memoryInGB: "{{ memory }}" } },
                  environmentVariables: [],
                },
              },
            ],
            osType: "Linux",
            restartPolicy: "Never",
          },
        },
      ],
    },
    keep_container_group: "{{ keep_container_group }}",
  },
  variables: {
    type: "object",
    properties: {
      name: optional("Name", "Name of the run's infrastructure."),
      env: {
        title: "Environment Variables",
        description: "Environment variables of the run.",
        type: "object",
        additionalProperties: { anyOf: [{ type: "string" }, { type: "null" }] },
      },
      labels: {
        title: "Labels",
        description: "Tags of the container group.",
        type: "object",
        additionalProperties: { type: "string" },
      },
      command: optional("Command", "What to run."),
      image: { title: "Image", description: "Image of the run's container.", type: "string" },
      resource_group_name: {
        title: "Azure Resource Group Name",
        description: "Resource group in which the container groups are made.",
        type: "string",
      },
      subscription_id: {
        title: "Azure Subscription ID",
        description: "Subscription in which the container groups are made.",
        type: "string",
        writeOnly: true,
        format: "password",
      },
      identities: list("Identities", "Resource ids of the user-assigned identities that the container group has."),
      entrypoint: optional("Entrypoint", "Entry point of the container: one word, which the command follows.", {
        default: "/opt/prefect/entrypoint.sh",
      }),
      image_registry: {
        title: "Image Registry (Optional)",
        description: "How a private registry is read: with a username and password, or with a managed identity.",
        anyOf: [{ $ref: "#/definitions/ACRManagedIdentity" }, { $ref: "#/definitions/DockerRegistryCredentials" }, { type: "null" }],
        default: null,
      },
      cpu: { title: "CPU", description: "CPUs of the container.", type: "number", default: 1 },
      gpu_count: nullable({ type: "integer" }, "GPU Count", "Azure Container Instances has no GPUs since July 2025."),
      gpu_sku: optional("GPU SKU", "Azure Container Instances has no GPUs since July 2025."),
      memory: { title: "Memory", description: "Memory of the container, in GB.", type: "number", default: 1 },
      subnet_ids: list("Subnet IDs", "Resource ids of the subnets that the container group is in."),
      dns_servers: list("DNS Servers", "DNS servers of the container group."),
      aci_credentials: {
        title: "Aci Credentials",
        description: "How Azure lets the submitter in.",
        $ref: "#/definitions/AzureContainerInstanceCredentials",
      },
      stream_output: { title: "Stream Output", description: "Whether the run's log is shown.", type: "boolean", default: false },
      task_start_timeout_seconds: {
        title: "Task Start Timeout Seconds",
        description: "How long the container may take to start, in seconds.",
        type: "integer",
        default: 240,
      },
      task_watch_poll_interval: {
        title: "Task Watch Poll Interval",
        description: "How often Prefect's worker looks, in seconds.",
        type: "number",
        default: 5,
      },
      keep_container_group: {
        title: "Keep Container Group After Completion",
        description: "Whether the container group stays after its run, stopped.",
        type: "boolean",
        default: false,
      },
    },
    required: ["resource_group_name", "subscription_id"],
    definitions: {
      ACRManagedIdentity: {
        title: "ACRManagedIdentity",
        description: "An Azure container registry that a managed identity of the container group may read.",
        type: "object",
        properties: {
          registry_url: { title: "Registry URL", description: "As acme.azurecr.io.", type: "string" },
          identity: { title: "Identity", description: "Resource id of the user-assigned identity.", type: "string" },
        },
        required: ["registry_url", "identity"],
      },
      AzureContainerInstanceCredentials: {
        title: "AzureContainerInstanceCredentials",
        description: "An application of Microsoft Entra and its secret, or, with none, what the machine is logged in as.",
        type: "object",
        block_type_slug: "azure-container-instance-credentials",
        block_schema_references: {},
        secret_fields: ["client_secret"],
        properties: {
          client_id: optional("Client ID", "Id of the application."),
          tenant_id: optional("Tenant ID", "Id of its tenant."),
          client_secret: nullable({ type: "string", format: "password", writeOnly: true }, "Client Secret", "Its secret."),
          credential_kwargs: {
            title: "Additional Credential Keyword Arguments",
            description: "What else Azure's library takes, as the authority of a sovereign cloud.",
            type: "object",
            additionalProperties: true,
          },
        },
      },
      DockerRegistryCredentials: {
        title: "DockerRegistryCredentials",
        description: "A username and password of a container registry.",
        type: "object",
        block_type_slug: "docker-registry-credentials",
        block_schema_references: {},
        secret_fields: ["password"],
        properties: {
          username: { title: "Username", description: "Name to log in with.", type: "string" },
          password: { title: "Password", description: "Password to log in with.", type: "string", writeOnly: true, format: "password" },
          registry_url: { title: "Registry Url", description: "As registry.example.com.", type: "string" },
          reauth: { title: "Reauth", description: "Whether Docker logs in each time.", type: "boolean", default: true },
        },
        required: ["username", "password", "registry_url"],
      },
    },
  },
};
