/**
 * The secret fields of blocks, by block type slug. In the schemas of Prefect's collections their type is `SecretStr` or `SecretDict`
 * (prefect-gcp, prefect-aws, prefect-azure, and the core `secret` block).
 */
const SECRET_FIELDS: Record<string, readonly string[]> = {
  "gcp-credentials": ["service_account_info"],
  "aws-credentials": ["aws_secret_access_key", "aws_session_token"],
  "azure-container-instance-credentials": ["client_secret"],
  secret: ["value"],
};

/**
 * Whether a manifest may have a secret at a path. The job and environment of a run are made from these places. All other values are shown,
 * compared and stored in clear text.
 * @param segments the path from the root of the manifest
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
    case "ledger":
      return segments.length === 2 && segments[1] === "url";
    default:
      return false;
  }
}

/** Whether a value is always secret, even without a mark: a secret field of a known block type, the Prefect key, or the ledger's URL. */
export function isSecretByMeaning(segments: readonly string[]): boolean {
  if (segments.length === 2) return ["prefect/auth", "ledger/url"].includes(segments.join("/"));
  const [section, block = "", data, field = ""] = segments;
  if (section !== "blocks" || data !== "data" || segments.length !== 4) return false;
  const slug = block.split("/")[0] ?? "";
  return Object.hasOwn(SECRET_FIELDS, slug) && (SECRET_FIELDS[slug] ?? []).includes(field);
}

/** Fields of an ARM template, or of a job variable for one, that Azure never shows again. */
const WRITE_ONLY = ["secureValue", "password", "workspaceKey", "storageAccountKey"];

/**
 * Whether a string of a job is secret, even without a mark, because Azure treats it as a secret. A placeholder or an expression of the template
 * is not; its value may be.
 */
export function isSecretText(segments: readonly string[], text: string): boolean {
  if (text === "" || text.includes("{{") || /^\[.*\]$/.test(text)) return false;
  const within = segments.slice(2, -1);
  const isVolume = segments.at(-2) === "secret" && segments.at(-4) === "volumes";
  if (within.includes("arm_template")) return isVolume || WRITE_ONLY.includes(segments.at(-1) as string);
  return within.includes("image_registry") && segments.at(-1) === "password";
}
