/**
 * The block fields that hold a secret, by block type slug: those that the schemas of Prefect's collections type as `SecretStr` or
 * `SecretDict` (prefect-gcp, prefect-aws, prefect-azure, and the core `secret` block).
 */
const SECRET_FIELDS: Record<string, readonly string[]> = {
  "gcp-credentials": ["service_account_info"],
  "aws-credentials": ["aws_secret_access_key", "aws_session_token"],
  "azure-container-instance-credentials": ["client_secret"],
  secret: ["value"],
};

/**
 * Where in a manifest a secret may stand: what a run receives as its environment is made of these. Everywhere else a value is shown,
 * compared and stored as it is.
 * @param segments the path from the manifest's root
 */
export function maySecretStandAt(segments: readonly string[]): boolean {
  const [section, , field, deeper] = segments;
  switch (section) {
    case "pools":
      return field === "baseJobTemplate" && segments.length > 3;
    case "blocks":
      return field === "data" && segments.length > 3;
    case "variables":
      return segments.length > 1;
    case "deployments":
      return field === "workPool" && deeper === "jobVariables" && segments.length > 4;
    case "prefect":
      return segments.length === 2 && segments[1] === "auth";
    default:
      return false;
  }
}

/** Whether what stands there is secret by its meaning, marked or not: a secret field of a known block type, the Prefect key. */
export function isSecretByMeaning(segments: readonly string[]): boolean {
  if (segments.length === 2) return segments[0] === "prefect" && segments[1] === "auth";
  const [section, block = "", data, field = ""] = segments;
  if (section !== "blocks" || data !== "data" || segments.length !== 4) return false;
  const slug = block.split("/")[0] ?? "";
  return Object.hasOwn(SECRET_FIELDS, slug) && (SECRET_FIELDS[slug] ?? []).includes(field);
}
