import type { DeploymentDetail, NewRunRequest, PoolVariable } from "../../src/ui/wire";
import { fieldOf, formOf, type NamedField } from "../form/fields";
import type { Schema } from "../form/schema";
import type { Values } from "../form/values";
import { isObject, isRawNumber } from "../server/exactJson";

/** What the form for a new run has. */
export interface NewRun {
  parameters: Values;
  jobVariables: Values;
  /** Between commas. */
  tags: string;
  name: string;
  idempotencyKey: string;
  /** Empty: the deployment's. */
  workPool: string;
}

export const EMPTY_RUN: NewRun = { parameters: {}, jobVariables: {}, tags: "", name: "", idempotencyKey: "", workPool: "" };

/** The request for a form. What is empty is left out: then the deployment decides. */
export function requestOf(deployment: string, run: NewRun): NewRunRequest {
  const tags = run.tags
    .split(",")
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "");
  return {
    deployment,
    parameters: run.parameters as NewRunRequest["parameters"],
    ...(Object.keys(run.jobVariables).length === 0 ? {} : { jobVariables: run.jobVariables as NewRunRequest["jobVariables"] }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(run.name === "" ? {} : { name: run.name }),
    ...(run.idempotencyKey === "" ? {} : { idempotencyKey: run.idempotencyKey }),
    ...(run.workPool === "" ? {} : { workPool: run.workPool }),
  };
}

/** The fields of a deployment's parameters. */
export function parameterFields({ parameterSchema, defaults }: DeploymentDetail): NamedField[] {
  return formOf((parameterSchema ?? {}) as Schema, defaults);
}

/** The fields of the job variables that a work pool takes. */
export function variableFields(variables: readonly PoolVariable[]): NamedField[] {
  return variables.map((variable) => {
    const { default: _, ...schema } = variable.schema;
    const field = fieldOf(schema, schema, variable.name);
    const preset = variable.ofDeployment === undefined ? variable.default : variable.ofDeployment;
    // A secret is shown as `[secret]`. A form that starts with that would send it.
    const isSecret = hasSecret(preset);
    const words = [
      variable.description ?? field.description,
      isSecret ? `The deployment or the pool sets a secret: ${JSON.stringify(preset)}` : undefined,
    ];
    const description = words.filter(Boolean).join(" ");
    return {
      name: variable.name,
      field: {
        ...field,
        title: variable.name,
        ...(preset === undefined || isSecret ? {} : { default: preset }),
        ...(description === "" ? {} : { description }),
      },
    };
  });
}

function hasSecret(value: unknown): boolean {
  if (typeof value === "string") return value.includes("[secret]");
  if (Array.isArray(value)) return value.some(hasSecret);
  return isObject(value) && !isRawNumber(value) && Object.values(value).some(hasSecret);
}
