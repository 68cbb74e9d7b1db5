import type { JsonObject } from "../../../json";
import { words } from "../shared/words";
import type { World } from "./azureWorld";

const CLAIMS = words(`
  sub iss cloud_instance_name cloud_instance_host_name cloud_graph_host_name msgraph_host aud exp iat auth_time
  acr nonce preferred_username name tid ver at_hash c_hash email
`);

/** What clients ask of an authority before they log in there. */
export function openidConfiguration({ url, options: { tenant } }: World): JsonObject {
  const authority = `${url}/${tenant}`;
  return {
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt", "client_secret_basic"],
    jwks_uri: `${authority}/discovery/v2.0/keys`,
    response_modes_supported: ["query", "fragment", "form_post"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    response_types_supported: ["code", "id_token", "code id_token", "id_token token"],
    scopes_supported: ["openid", "profile", "email", "offline_access"],
    issuer: `${authority}/v2.0`,
    request_uri_parameter_supported: false,
    userinfo_endpoint: "https://graph.microsoft.com/oidc/userinfo",
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    device_authorization_endpoint: `${authority}/oauth2/v2.0/devicecode`,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: `${authority}/oauth2/v2.0/logout`,
    claims_supported: CLAIMS,
    kerberos_endpoint: `${authority}/kerberos`,
    tenant_region_scope: "WW",
    cloud_instance_name: "microsoftonline.com",
    cloud_graph_host_name: "graph.windows.net",
    msgraph_host: "graph.microsoft.com",
    rbac_url: "https://pas.windows.net",
  };
}

const CLOUDS: readonly [network: string, cache: string, aliases: readonly string[]][] = [
  ["login.microsoftonline.com", "login.windows.net", ["login.windows.net", "login.microsoft.com", "sts.windows.net"]],
  ["login.partner.microsoftonline.cn", "login.partner.microsoftonline.cn", ["login.chinacloudapi.cn"]],
  ["login.microsoftonline.de", "login.microsoftonline.de", []],
  ["login.microsoftonline.us", "login.microsoftonline.us", ["login.usgovcloudapi.net"]],
  ["login-us.microsoftonline.com", "login-us.microsoftonline.com", []],
];

/** Which authorities there are. It does not look whether the tenant is one. */
export function instanceDiscovery(endpoint: string): JsonObject {
  return {
    tenant_discovery_endpoint: endpoint.replace(/\/oauth2\/v2\.0\/authorize$/, "/v2.0/.well-known/openid-configuration"),
    "api-version": "1.1",
    metadata: CLOUDS.map(([network, cache, aliases]) => ({
      preferred_network: network,
      preferred_cache: cache,
      aliases: [network, ...aliases],
    })),
  };
}
