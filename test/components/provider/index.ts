// The entry of a component provider, like a plugin's: Pulumi's analyzer starts here.
import { AwsCredentialsBlock } from "../../../components/aws/awsCredentialsBlock";
import { EcrRepository } from "../../../components/aws/ecrRepository";
import { EcsPushPool } from "../../../components/aws/ecsPushPool";
import { ExecutionRole } from "../../../components/aws/executionRole";
import { PushUser } from "../../../components/aws/pushUser";
import { TaskCluster } from "../../../components/aws/taskCluster";
import { TaskLogGroup } from "../../../components/aws/taskLogGroup";
import { TaskNetwork } from "../../../components/aws/taskNetwork";
import { TaskRole } from "../../../components/aws/taskRole";
import { TaskSecrets } from "../../../components/aws/taskSecrets";
import { TaskSubmitAccess } from "../../../components/aws/taskSubmitAccess";
import { AzureContainerInstanceCredentialsBlock } from "../../../components/azure/azureCredentialsBlock";
import { ContainerInstancePushPool } from "../../../components/azure/containerInstancePushPool";
import { ContainerRegistry } from "../../../components/azure/containerRegistry";
import { ContainerSubmitAccess } from "../../../components/azure/containerSubmitAccess";
import { ProviderRegistration } from "../../../components/azure/providerRegistration";
import { PullIdentity } from "../../../components/azure/pullIdentity";
import { PushServicePrincipal } from "../../../components/azure/pushServicePrincipal";
import { RunLogWorkspace } from "../../../components/azure/runLogWorkspace";
import { RunResourceGroup } from "../../../components/azure/runResourceGroup";
import { RunSubnet } from "../../../components/azure/runSubnet";
import { Deployment } from "../../../components/deployment";
import { FlowImage } from "../../../components/flowImage";
import { ApiEnablement } from "../../../components/gcp/apiEnablement";
import { CloudRunPushPool } from "../../../components/gcp/cloudRunPushPool";
import { GcpCredentialsBlock } from "../../../components/gcp/gcpCredentialsBlock";
import { ImageRepository } from "../../../components/gcp/imageRepository";
import { PushServiceAccount } from "../../../components/gcp/pushServiceAccount";
import { RunNetwork } from "../../../components/gcp/runNetwork";
import { RuntimeSecrets } from "../../../components/gcp/runtimeSecrets";
import { RuntimeServiceAccount } from "../../../components/gcp/runtimeServiceAccount";
import { SubmitAccess } from "../../../components/gcp/submitAccess";
import { ProcessPushPool } from "../../../components/local/processPushPool";

export const components = [
  ProcessPushPool,
  Deployment,
  FlowImage,
  CloudRunPushPool,
  PushServiceAccount,
  RuntimeServiceAccount,
  SubmitAccess,
  GcpCredentialsBlock,
  ApiEnablement,
  RuntimeSecrets,
  ImageRepository,
  RunNetwork,
  AwsCredentialsBlock,
  EcrRepository,
  EcsPushPool,
  ExecutionRole,
  PushUser,
  TaskCluster,
  TaskLogGroup,
  TaskNetwork,
  TaskRole,
  TaskSecrets,
  TaskSubmitAccess,
  AzureContainerInstanceCredentialsBlock,
  ContainerInstancePushPool,
  ContainerRegistry,
  ContainerSubmitAccess,
  ProviderRegistration,
  PullIdentity,
  PushServicePrincipal,
  RunLogWorkspace,
  RunResourceGroup,
  RunSubnet,
];
