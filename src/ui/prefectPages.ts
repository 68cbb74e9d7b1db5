import type { ApiConnection } from "../prefect/apiConnection";

/**
 * The address of Prefect's own pages, as Prefect finds it: `PREFECT_UI_URL`, the server's own setting, else from the API's URL.
 * @param setting `ui_url` of the server's settings
 * @returns without a trailing slash; `null` if it cannot be a web page
 */
export function prefectPages(
  { apiUrl, isCloud }: Pick<ApiConnection, "apiUrl" | "isCloud">,
  env: NodeJS.ProcessEnv,
  setting: unknown,
): string | null {
  const given = env.PREFECT_UI_URL || (typeof setting === "string" && setting !== "" ? setting : undefined);
  const found = given ?? (isCloud ? cloudPages(apiUrl) : apiUrl.replace(/\/api$/, ""));
  // The page makes links of it.
  return /^https?:\/\//.test(found) ? found.replace(/\/+$/, "") : null;
}

/** `https://api.prefect.cloud/api/accounts/A/workspaces/W` is shown at `https://app.prefect.cloud/account/A/workspace/W`. */
function cloudPages(apiUrl: string): string {
  return apiUrl
    .replace("://api.", "://app.")
    .replace("/api/", "/")
    .replace("/accounts/", "/account/")
    .replace("/workspaces/", "/workspace/");
}
