import type { JsonObject } from "../../../json";
import { COLLECTIONS, type Collection } from "./collections";
import type { Call, Method } from "./googleCall";
import { GoogleError } from "./googleError";

/** Create, get and delete for resources that the fake only stores. Long-running operations are done at once. */
export const COLLECTION_METHODS: readonly Method[] = COLLECTIONS.flatMap((collection): Method[] => {
  const { service, kind } = collection;
  const method = (verb: string) => `${service}.${kind}.${verb}`;
  const one = new RegExp(`^${collection.path}/(?<id>[^/:]+)$`);
  const demand = ({ world, member, path: { project = "" } }: Call, verb: string, name: string) =>
    world.iam.demand(member, method(verb), project, name);
  return [
    {
      id: method("create"),
      verb: "POST",
      pattern: new RegExp(`^${collection.path}$`),
      handle: (call) => {
        const { world, query, body } = call;
        const id = collection.idIn === "body" ? body.name : query.get(collection.idIn.query);
        if (typeof id !== "string" || !/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(id))
          throw new GoogleError("INVALID_ARGUMENT", `Invalid resource id "${String(id)}" of ${kind}.`);
        const name = nameOf(call, collection, id);
        demand(call, "create", name);
        if (world.kept.has(name)) throw new GoogleError("ALREADY_EXISTS", `The resource '${name}' already exists`);
        world.kept.set(name, { ...body, name });
        return over(service, { ...body, name });
      },
    },
    {
      id: method("get"),
      verb: "GET",
      pattern: one,
      handle: (call) => {
        const name = nameOf(call, collection, call.path.id ?? "");
        demand(call, "get", name);
        return found(call, name);
      },
    },
    {
      id: method("delete"),
      verb: "DELETE",
      pattern: one,
      handle: (call) => {
        const name = nameOf(call, collection, call.path.id ?? "");
        demand(call, "delete", name);
        found(call, name);
        call.world.kept.delete(name);
        // The images of a repository are deleted with it.
        const { project, region } = call.path;
        if (kind === "repositories") call.world.registry.removeAll(`${region}-docker.pkg.dev/${project}/${call.path.id}`);
        return over(service, {});
      },
    },
  ];
});

function nameOf({ path: { project, region } }: Call, { service, kind }: Collection, id: string): string {
  if (service !== "compute") return `projects/${project}/locations/${region}/${kind}/${id}`;
  return region === undefined ? `projects/${project}/global/${kind}/${id}` : `projects/${project}/regions/${region}/${kind}/${id}`;
}

function found({ world }: Call, name: string): JsonObject {
  const kept = world.kept.get(name);
  if (!kept) throw new GoogleError("NOT_FOUND", `The resource '${name}' was not found`);
  return kept;
}

function over(service: string, response: JsonObject): JsonObject {
  return service === "compute" ? { kind: "compute#operation", status: "DONE" } : { name: "operations/done", done: true, response };
}
