import { fields, list, map, oneOf } from "../cloud/wireFields";

const text = "text";
const integer = "integer";
const flag = "flag";

const secretKeyRef = fields({ secret: text, version: text });

const probe = fields({
  initialDelaySeconds: integer,
  timeoutSeconds: integer,
  periodSeconds: integer,
  failureThreshold: integer,
  httpGet: fields({ path: text, httpHeaders: list(fields({ name: text, value: text })), port: integer }),
  tcpSocket: fields({ port: integer }),
  grpc: fields({ port: integer, service: text }),
});

const container = fields({
  name: text,
  image: text,
  command: list(text),
  args: list(text),
  env: list(fields({ name: text, value: text, valueSource: fields({ secretKeyRef }) })),
  resources: fields({ limits: map(text), cpuIdle: flag, startupCpuBoost: flag }),
  ports: list(fields({ name: text, containerPort: integer })),
  volumeMounts: list(fields({ name: text, mountPath: text, subPath: text })),
  workingDir: text,
  livenessProbe: probe,
  startupProbe: probe,
  readinessProbe: probe,
  dependsOn: list(text),
});

const volume = fields({
  name: text,
  secret: fields({ secret: text, items: list(fields({ path: text, version: text, mode: integer })), defaultMode: integer }),
  cloudSqlInstance: fields({ instances: list(text) }),
  emptyDir: fields({ medium: oneOf("MEDIUM_UNSPECIFIED", "MEMORY"), sizeLimit: text }),
  nfs: fields({ server: text, path: text, readOnly: flag }),
  gcs: fields({ bucket: text, readOnly: flag, mountOptions: list(text) }),
});

const task = fields({
  containers: list(container),
  volumes: list(volume),
  maxRetries: integer,
  timeout: "duration",
  serviceAccount: text,
  executionEnvironment: oneOf("EXECUTION_ENVIRONMENT_UNSPECIFIED", "EXECUTION_ENVIRONMENT_GEN1", "EXECUTION_ENVIRONMENT_GEN2"),
  encryptionKey: text,
  vpcAccess: fields({
    connector: text,
    egress: oneOf("VPC_EGRESS_UNSPECIFIED", "ALL_TRAFFIC", "PRIVATE_RANGES_ONLY"),
    networkInterfaces: list(fields({ network: text, subnetwork: text, tags: list(text) })),
  }),
  nodeSelector: fields({ accelerator: text }),
  gpuZonalRedundancyDisabled: flag,
});

/**
 * The fields that a caller may set in a Cloud Run v2 Job (google/cloud/run/v2/job.proto and its imports). A test compares them with the
 * SDK's protos.json.
 */
export const JOB_FIELDS = fields({
  labels: map(text),
  annotations: map(text),
  client: text,
  clientVersion: text,
  launchStage: oneOf(
    "LAUNCH_STAGE_UNSPECIFIED",
    "UNIMPLEMENTED",
    "PRELAUNCH",
    "EARLY_ACCESS",
    "ALPHA",
    "BETA",
    "GA",
    "DEPRECATED",
    // Prefect's template offers it. Google's API has no such stage; none means GA.
    "LAUNCH_TAG_UNSPECIFIED",
  ),
  binaryAuthorization: fields({ useDefault: flag, policy: text, breakglassJustification: text }),
  template: fields({
    labels: map(text),
    annotations: map(text),
    parallelism: integer,
    taskCount: integer,
    template: task,
  }),
});
