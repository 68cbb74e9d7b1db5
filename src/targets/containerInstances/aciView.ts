import type { JsonObject, ValueObject } from "../../json";
import { isObject } from "../../template/paths";
import type { TargetView } from "../targetView";
import { formatId, type GroupName, parseId } from "./groupNames";

/** The portals of Azure's clouds, by the host of the authority that signs in there. */
const PORTALS: Readonly<Record<string, string>> = {
  "login.microsoftonline.com": "https://portal.azure.com",
  "login.microsoftonline.us": "https://portal.azure.us",
  "login.chinacloudapi.cn": "https://portal.azure.cn",
  "login.partner.microsoftonline.cn": "https://portal.azure.cn",
};

export const view: TargetView = {
  requests: ({ name, group }) => [
    {
      call: "ContainerGroups_CreateOrUpdate",
      body: { id: formatId((name ?? {}) as unknown as GroupName), group: (group ?? {}) as JsonObject },
    },
  ],
  consoleUrl: (id, { credentials }) => {
    const portal = PORTALS[authorityOf(credentials)];
    return portal === undefined ? undefined : `${portal}/#resource${encodeURI(formatId(parseId(id)))}/overview`;
  },
};

function authorityOf({ credential_kwargs: given }: ValueObject): string {
  const authority = isObject(given) ? (given as ValueObject).authority : undefined;
  if (typeof authority !== "string" || authority === "") return "login.microsoftonline.com";
  return authority
    .replace(/^https?:\/\//, "")
    .replace(/\/.*$/, "")
    .toLowerCase();
}
