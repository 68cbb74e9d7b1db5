import type { JsonObject } from "../../../json";
import { unlessMissing } from "../cloudApi";
import type { StandInResource } from "../standInProvider";
import type { Binding, GoogleApi } from "./googleApi";

/**
 * One member of one role in a resource's policy.
 * @param resourceOf path of the resource that has the policy
 * @param idOf how Pulumi's provider names that resource in ids
 */
export function iamMember(
  api: GoogleApi,
  resourceOf: (inputs: JsonObject) => string,
  idOf: (inputs: JsonObject) => string,
): StandInResource {
  const bound = (bindings: readonly Binding[], { role, member }: JsonObject) =>
    bindings.some((binding) => binding.role === role && binding.members.includes(String(member)));
  return {
    replaceOn: "all",
    computed: ["etag"],
    create: async (inputs) => {
      const member = String(inputs.member);
      const { etag = "" } = await api.changePolicy(resourceOf(inputs), (bindings) =>
        bound(bindings, inputs) ? bindings : [...bindings, { role: String(inputs.role), members: [member] }],
      );
      return { id: `${idOf(inputs)}/${inputs.role}/${member}`, outputs: { etag } };
    },
    read: async (id, known) => {
      // If the resource is gone, its policy cannot be read.
      const policy = await api.policyOf(resourceOf(known)).catch(() => undefined);
      if (!policy || !bound((policy.bindings ?? []) as unknown as Binding[], known)) return undefined;
      return { id };
    },
    delete: async (_, known) => {
      const without = ({ role, members, ...rest }: Binding) => ({
        ...rest,
        role,
        members: role === known.role ? members.filter((each) => each !== known.member) : members,
      });
      await unlessMissing(
        api.changePolicy(resourceOf(known), (bindings) => bindings.map(without).filter(({ members }) => members.length > 0)),
      );
    },
  };
}
