import type { TokenCredential } from "@azure/identity";
import type { Value, ValueObject } from "../../json";
import { isObject } from "../../template/paths";
import { UserError } from "../../userError";
import { IdentityTokens } from "../cloud/identityToken";
import { optionalPackage } from "../cloud/optionalPackage";
import { checkServices, createdAtOf, plainTextAt, urlAt } from "../cloud/poolAccess";
import type { PoolAccess } from "../target";
import { loginOver } from "./azureLogin";
import type { PoolFacts } from "./groupPlan";

const SERVICES = ["management", "login", "logs"] as const;
type Service = (typeof SERVICES)[number];

/** Azure's clouds, by the host for the login. */
const CLOUDS: Record<string, Record<Exclude<Service, "login">, string>> = {
  "login.microsoftonline.com": { management: "https://management.azure.com", logs: "https://api.loganalytics.io" },
  "login.microsoftonline.us": { management: "https://management.usgovcloudapi.net", logs: "https://api.loganalytics.us" },
  "login.chinacloudapi.cn": { management: "https://management.chinacloudapi.cn", logs: "https://api.loganalytics.azure.cn" },
  "login.partner.microsoftonline.cn": { management: "https://management.chinacloudapi.cn", logs: "https://api.loganalytics.azure.cn" },
};
const PUBLIC = "login.microsoftonline.com";

/** The Azure of a pool's runs, and the login to it. */
export interface Access extends PoolFacts {
  pool: string;
  /** Base URLs. */
  endpoints: { management: string; logs: string };
  /** For which service tokens are requested. It does not depend on the base URL. */
  scopes: { management: string; logs: string };
  /** Whether it uses identity tokens instead of a secret. */
  federated: boolean;
  /** When the credentials were made, in milliseconds; absent: long ago. */
  createdAt?: number;
  /** A new one. It stores the tokens that it gets. */
  credential(): Promise<TokenCredential>;
}

/**
 * What a pool's definition says about its cloud.
 * @throws {UserError} naming the field that cannot be used
 */
export function accessOf(pool: PoolAccess, env: NodeJS.ProcessEnv): Access {
  const { block, data = {} } = pool.credentials ?? {};
  const at = `blocks.${block}.data`;
  checkServices(pool, SERVICES, "an azure-container-instance:push");
  for (const [service, url] of Object.entries(pool.endpoints)) urlAt(url, `pools.${pool.name}.endpoints.${service}`);
  const login: ValueObject = pool.ambient ? {} : data;
  const federation = pool.ambient ? undefined : pool.credentials?.federation;
  const [clientId, tenantId, clientSecret] = ["client_id", "tenant_id", "client_secret"].map((key) =>
    plainTextAt(login[key], `${at}.${key}`),
  );
  const given = [clientId, tenantId, clientSecret ?? federation].filter((each) => each !== undefined).length;
  if (given !== 0 && given !== 3)
    throw new UserError(
      federation === undefined
        ? `${at}: needs all of client_id, tenant_id and client_secret, or none of them`
        : `${at}: needs client_id and tenant_id beside the block's federation`,
    );
  // Azure's library accepts nothing else.
  if (tenantId !== undefined && !/^[0-9a-zA-Z.-]+$/.test(tenantId))
    throw new UserError(
      `${at}.tenant_id: ${JSON.stringify(tenantId)} is not a tenant: give its id, as \`az account show --query tenantId\` shows it`,
    );
  const host = authorityOf(data.credential_kwargs, `${at}.credential_kwargs`);
  const cloud = CLOUDS[host] as (typeof CLOUDS)[string];
  const authorityHost = pool.endpoints.login ?? `https://${host}`;
  const options = { authorityHost, disableInstanceDiscovery: pool.endpoints.login !== undefined, retryOptions: { maxRetries: 0 } };
  return {
    pool: pool.name,
    source: pool.source,
    ...(clientId === undefined ? {} : { clientId }),
    federated: federation !== undefined,
    ...createdAtOf(pool),
    endpoints: { management: pool.endpoints.management ?? cloud.management, logs: pool.endpoints.logs ?? cloud.logs },
    scopes: { management: `${cloud.management}/.default`, logs: `${cloud.logs}/.default` },
    credential: async () => {
      const { ClientAssertionCredential, ClientSecretCredential, DefaultAzureCredential } = await loaded(() => import("@azure/identity"));
      const tokens = federation && new IdentityTokens({ pool: pool.name, federation, env, fileVariable: "AZURE_FEDERATED_TOKEN_FILE" });
      return loginOver((more, assertion) => {
        const all = { ...options, ...more };
        if (clientId === undefined || tenantId === undefined) return new DefaultAzureCredential(all);
        return clientSecret === undefined
          ? new ClientAssertionCredential(tenantId, clientId, assertion, all)
          : new ClientSecretCredential(tenantId, clientId, clientSecret, all);
      }, tokens);
    },
  };
}

/** Prefect passes `credential_kwargs` on to Azure's library; only the authority of another cloud means the same here. */
function authorityOf(kwargs: Value | undefined, path: string): string {
  if (kwargs === undefined || kwargs === null) return PUBLIC;
  if (!isObject(kwargs)) throw new UserError(`${path}: must be an object`);
  const { authority, ...others } = kwargs;
  const [other] = Object.keys(others);
  if (other !== undefined) throw new UserError(`${path}.${other}: pushpool knows only "authority", the host for the login: leave it out`);
  const host = String(authority ?? PUBLIC)
    .replace(/^https:\/\//, "")
    .replace(/\/+$/, "");
  if (Object.hasOwn(CLOUDS, host)) return host;
  throw new UserError(`${path}.authority: "${host}" is not a login host of Azure: must be one of ${Object.keys(CLOUDS).join(", ")}`);
}

/** A package that only these pools need. @throws {UserError} with the line that installs it */
export function loaded<T>(load: () => Promise<T>): Promise<T> {
  return optionalPackage(
    load,
    "runs on Azure Container Instances need packages that are not installed: npm install @azure/arm-containerinstance @azure/identity",
  );
}
