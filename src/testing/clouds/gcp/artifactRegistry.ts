import type { FakeRegistry, RegistryLogin } from "../shared/fakeRegistry";
import type { Bearer } from "./bearer";
import { GoogleError } from "./googleError";
import type { World } from "./googleWorld";

/** The permissions of Artifact Registry (https://cloud.google.com/artifact-registry/docs/access-control). */
const PERMISSIONS = {
  pull: "artifactregistry.repositories.downloadArtifacts",
  push: "artifactregistry.repositories.uploadArtifacts",
  delete: "artifactregistry.repositories.deleteArtifacts",
} as const;

const UNAUTHENTICATED =
  'denied: Unauthenticated request. Unauthenticated requests do not have permission "PERMISSION" on resource "NAME" (or it may not exist)';

/** The Docker repositories of Artifact Registry. Their names are REGION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE. */
export function artifactRegistry(world: World, bearer: Bearer): FakeRegistry {
  return {
    images: world.registry,
    serves: (repository) => placeOf(repository) !== undefined,
    refusal: async (action, repository, login) => {
      const { project = "", name = "" } = placeOf(repository) ?? {};
      const permission = PERMISSIONS[action];
      const member = await memberOf(bearer, login);
      if (member === undefined) return UNAUTHENTICATED.replace("PERMISSION", permission).replace("NAME", name);
      if (!world.iam.may(member, permission, [`projects/${project}`, name]))
        return `denied: Permission "${permission}" denied on resource "${name}" (or it may not exist)`;
      return world.kept.has(name) ? undefined : `name unknown: Repository "${name.slice(name.lastIndexOf("/") + 1)}" not found`;
    },
  };
}

/** The registry takes an access token as the password of this user. */
async function memberOf(bearer: Bearer, login: RegistryLogin | undefined): Promise<string | undefined> {
  if (login?.username !== "oauth2accesstoken") return undefined;
  return bearer.memberOf(`Bearer ${login.password}`).catch((error) => {
    if (error instanceof GoogleError) return undefined;
    throw error;
  });
}

function placeOf(repository: string): { project: string; name: string } | undefined {
  const [, region, project = "", id] = /^([a-z0-9-]+)-docker\.pkg\.dev\/([^/]+)\/([^/]+)\/./.exec(repository) ?? [];
  return region === undefined ? undefined : { project, name: `projects/${project}/locations/${region}/repositories/${id}` };
}
