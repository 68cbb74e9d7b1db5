import { useMemo, useState } from "preact/hooks";
import type { DeploymentDetail, RunDetail } from "../../src/ui/wire";
import { FormOrJson } from "../form/FormOrJson";
import { FormContext } from "../form/formContext";
import { withoutProblems } from "../form/problems";
import { Link } from "../parts/Link";
import { deploymentPath, runPath } from "../routes";
import { FormResult } from "./FormResult";
import { type NewRun, parameterFields, requestOf, variableFields } from "./newRun";
import { RunOptions } from "./RunOptions";
import { useNewRun } from "./useNewRun";

interface NewRunFormProps {
  deployment: DeploymentDetail;
  start: NewRun;
  /** The run that it starts from. */
  from: RunDetail | undefined;
}

/** Parameters, job variables and tags of a new run. */
export function NewRunForm({ deployment, start, from }: NewRunFormProps) {
  const [run, setRun] = useState(start);
  const submission = useNewRun();
  const fields = useMemo(() => parameterFields(deployment), [deployment]);
  const variables = useMemo(() => variableFields(deployment.poolVariables), [deployment]);
  const { problems, setDraft, doing } = submission;
  const context = useMemo(() => ({ problems, setDraft }), [problems, setDraft]);

  const change = (part: Partial<NewRun>) => {
    const next = { ...run, ...part };
    setRun(next);
    submission.changed((before) => {
      let left = before;
      for (const name of ["parameters", "jobVariables"] as const) {
        const [old, now] = [run[name], next[name]];
        for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
          if (old[key] !== now[key]) left = withoutProblems(left, `/${name}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
        }
      }
      for (const name of ["tags", "name", "idempotencyKey", "workPool"] as const)
        if (run[name] !== next[name]) left = withoutProblems(left, `/${name}`);
      return left;
    });
  };
  const request = () => requestOf(deployment.name, run);
  const isWrongInside = (pointer: string) => [...problems.keys()].some((path) => path.startsWith(pointer));

  return (
    <FormContext.Provider value={context}>
      <form
        class="page new-run"
        aria-label={`New run of ${deployment.name}`}
        noValidate
        data-testid="new-run-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!doing) void submission.run(request());
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
        }}
      >
        <nav aria-label="Breadcrumb" class="crumbs">
          <Link to="/deployments">Deployments</Link> <span aria-hidden="true">/</span>{" "}
          <Link to={deploymentPath(deployment.name)}>{deployment.name}</Link> <span aria-hidden="true">/</span>
        </nav>
        <h1>New run</h1>
        {from && (
          <p class="quiet">
            It starts with what <Link to={runPath(from.id)}>{from.name}</Link> was given.
          </p>
        )}
        {deployment.error && <p class="notice warning">It cannot run: {deployment.error}</p>}
        <FormOrJson
          title="Parameters"
          fields={fields}
          values={run.parameters}
          onChange={(parameters) => change({ parameters })}
          pointer="/parameters"
        />
        <RunOptions run={run} deployment={deployment} onChange={change} />
        <details class="job-variables" open={Object.keys(run.jobVariables).length > 0 || isWrongInside("/jobVariables")}>
          <summary data-testid="job-variables">Job variables of this run only</summary>
          <FormOrJson
            title="Job variables"
            fields={variables}
            values={run.jobVariables}
            onChange={(jobVariables) => change({ jobVariables })}
            pointer="/jobVariables"
            showDefaults={false}
          />
        </details>
        <FormResult submission={submission} />
        <div class="form-actions">
          <button type="submit" class="solid" disabled={doing !== undefined} data-testid="submit">
            {doing === "run" ? "Starting…" : "Start the run"}
          </button>
          <button type="button" disabled={doing !== undefined} data-testid="check" onClick={() => void submission.check(request())}>
            {doing === "check" ? "Checking…" : "Check only"}
          </button>
          <span class="quiet only-wide">Ctrl + Enter starts it</span>
        </div>
      </form>
    </FormContext.Provider>
  );
}
