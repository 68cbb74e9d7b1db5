/** The variable for the credentials block in Prefect's template of each pool type. `process:push` has none. */
export const CREDENTIALS_VARIABLE: Readonly<Record<string, string | undefined>> = {
  "cloud-run-v2:push": "credentials",
  "ecs:push": "aws_credentials",
  "azure-container-instance:push": "aci_credentials",
};
