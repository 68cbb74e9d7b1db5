import * as pulumi from "@pulumi/pulumi";
import type { AnyJson } from "../anyJson";
import { type ArgumentNames, declared } from "../checks";
import { OwnResource } from "../ownResource";
import { prefectAutomation } from "../trampoline";

/**
 * Arguments of an `Automation`. A setting that is not given keeps its value on the server. A setting that is removed gets Prefect's default
 * again.
 */
export interface AutomationArgs {
  /**
   * Name of the automation. By default the resource's name. A change keeps the automation.
   * @example automationName: "Cancel slow runs"
   */
  automationName?: pulumi.Input<string>;
  /**
   * Description. By default none.
   * @example description: "Pages the team when the nightly load fails"
   */
  description?: pulumi.Input<string>;
  /**
   * Whether the automation is evaluated. By default it is.
   * @example enabled: false
   */
  enabled?: pulumi.Input<boolean>;
  /**
   * Tags of the automation. By default none. Servers before 3.2 have no such tags.
   * @example tags: ["on-call"]
   */
  tags?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * When it acts, in the format of Prefect's API: a trigger of type event, compound, sequence, or (on Prefect Cloud) metric. Without a type
   * it is an event trigger. Times are in seconds.
   * @example trigger: { expect: ["prefect.flow-run.Failed"], match_related: { "prefect.resource.name": "nightly" } }
   */
  trigger: Record<string, AnyJson>;
  /**
   * What it does, in the format of Prefect's API: any of the server's actions, such as run-deployment, pause-work-pool, cancel-flow-run,
   * change-flow-run-state, send-notification and call-webhook. Any value may be secret in the stack; the server stores it in plain text.
   * @example actions: [{ type: "run-deployment", deployment_id: hello.deploymentId, parameters: { name: "{{ event.id }}" } }]
   */
  actions: AnyJson[];
  /**
   * More actions, when it goes into the triggered state. By default none.
   * @example actionsOnTrigger: [{ type: "do-nothing" }]
   */
  actionsOnTrigger?: AnyJson[];
  /**
   * More actions, when it leaves the triggered state. By default none.
   * @example actionsOnResolve: [{ type: "resume-deployment", source: "inferred" }]
   */
  actionsOnResolve?: AnyJson[];
  /**
   * Whether to take over an existing automation with this name, instead of an error. Then the automation belongs to this resource, and is
   * deleted with it. By default an existing automation is an error.
   * @example adoptExisting: true
   */
  adoptExisting?: pulumi.Input<boolean>;
}

const AUTOMATION_ARGUMENTS: ArgumentNames<AutomationArgs> = {
  automationName: "optional",
  description: "optional",
  enabled: "optional",
  tags: "optional",
  trigger: "required",
  actions: "required",
  actionsOnTrigger: "optional",
  actionsOnResolve: "optional",
  adoptExisting: "optional",
};

/**
 * An automation on a Prefect API: it acts on events. A change keeps its id. The triggers of a prefect.yaml become automations too, by
 * `pushpool deploy`; those belong to their deployment.
 *
 * ```ts
 * new Automation("cancel-slow-runs", {
 *   trigger: { posture: "Proactive", after: ["prefect.flow-run.Running"], expect: ["prefect.flow-run.*"], for_each: ["prefect.resource.id"], within: 3600 },
 *   actions: [{ type: "cancel-flow-run" }],
 * }, { provider: connection });
 * ```
 */
export class Automation extends OwnResource {
  /** Name of the automation. */
  declare readonly automationName: pulumi.Output<string>;
  /** Its id on the server. */
  declare readonly automationId: pulumi.Output<string>;
  /** URL of the API on which it is registered. */
  declare readonly apiUrl: pulumi.Output<string>;

  constructor(name: string, args: AutomationArgs, opts?: pulumi.CustomResourceOptions) {
    declared("Automation", name, args, AUTOMATION_ARGUMENTS);
    const props = { automationName: name, ...args, automationId: undefined, apiUrl: undefined };
    super(
      prefectAutomation,
      name,
      props,
      pulumi.mergeOptions({ additionalSecretOutputs: ["connectionAuth"] }, opts),
      "pushpool",
      "PrefectAutomation",
    );
  }
}
