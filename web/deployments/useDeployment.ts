import type { DeploymentDetail } from "../../src/ui/wire";
import { get } from "../server/request";
import { type Resource, useResource } from "../server/useResource";

/** @param name `<flow name>/<deployment name>` */
export function useDeployment(name: string): Resource<DeploymentDetail> {
  const cut = name.indexOf("/");
  const path = `/api/deployments/${encodeURIComponent(name.slice(0, cut))}/${encodeURIComponent(name.slice(cut + 1))}`;
  // Its parameters go back to the server, so their digits must stay.
  return useResource(path, (signal) => get<DeploymentDetail>(path, { signal, exact: true }));
}
