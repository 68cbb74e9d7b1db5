import { ask, type KeyProven, KeyRefused, type KeyToProve, timeOf } from "./keyRefused";

/** The resource of the token. Any application may get a token for Resource Manager; without a role it may do nothing there. */
const SCOPE = "https://management.azure.com/.default";

/**
 * Prove the secret of an application by the client credentials flow, which needs no permission
 * (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow).
 * @throws {KeyRefused}
 */
export async function proveAzureKey({
  key: { clientSecret },
  service,
  place: { clientId, tenantId },
}: KeyToProve<"clientSecret", "clientId" | "tenantId">): Promise<KeyProven> {
  const body = new URLSearchParams({ grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret, scope: SCOPE });
  const { response, text } = await ask(`${service.replace(/\/+$/, "")}/${tenantId}/oauth2/v2.0/token`, { method: "POST", body });
  if (response.ok) return { provenAt: timeOf(response) };
  const [, code] = /(AADSTS\d+)/.exec(text) ?? [];
  // Entra is eventually consistent: it may not know a young secret, application or service principal.
  const mayPass = response.status >= 500 || response.status === 429 || /AADSTS(7000215|700016|7000229)$/.test(code ?? "");
  throw new KeyRefused(code ?? `HTTP ${response.status}`, mayPass);
}
