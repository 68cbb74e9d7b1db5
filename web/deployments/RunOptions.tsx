import { useState } from "preact/hooks";
import type { DeploymentDetail, PoolList } from "../../src/ui/wire";
import { useFormState } from "../form/formContext";
import { get } from "../server/request";
import { useResource } from "../server/useResource";
import type { NewRun } from "./newRun";

interface RunOptionsProps {
  run: NewRun;
  deployment: DeploymentDetail;
  onChange(part: Partial<NewRun>): void;
}

/** Tags, and what few runs need: a name, another pool, an idempotency key. */
export function RunOptions({ run, deployment, onChange }: RunOptionsProps) {
  const pools = useResource("pools", (signal) => get<PoolList>("/api/pools", { signal })).data?.pools ?? [];
  const [isOpen, setOpen] = useState(run.name !== "" || run.workPool !== "");
  const inherited = deployment.tags.length === 0 ? "" : `Besides the deployment’s: ${deployment.tags.join(", ")}`;
  return (
    <section class="form-part" aria-label="Options">
      <Line name="tags" label="Tags" hint={`Between commas. ${inherited}`} value={run.tags} onChange={(tags) => onChange({ tags })} />
      {!isOpen && (
        <button type="button" class="link" onClick={() => setOpen(true)}>
          Name, pool, idempotency key…
        </button>
      )}
      {isOpen && (
        <>
          <Line
            name="name"
            label="Name of the run"
            hint="Without one, pushpool makes one up."
            value={run.name}
            onChange={(name) => onChange({ name })}
          />
          <div class="field">
            <label for="field/workPool">Work pool</label>
            <div class="field-control">
              <select id="field/workPool" value={run.workPool} onChange={(event) => onChange({ workPool: event.currentTarget.value })}>
                <option value="">{deployment.workPool} (the deployment’s)</option>
                {pools
                  .filter(({ name }) => name !== deployment.workPool)
                  .map(({ name }) => (
                    <option key={name} value={name}>
                      {name}
                    </option>
                  ))}
              </select>
            </div>
            <Problem name="workPool" />
          </div>
          <Line
            name="idempotencyKey"
            label="Idempotency key"
            hint="A second run with the same key is not started; the first one is shown."
            value={run.idempotencyKey}
            onChange={(idempotencyKey) => onChange({ idempotencyKey })}
          />
        </>
      )}
    </section>
  );
}

interface LineProps {
  name: string;
  label: string;
  hint: string;
  value: string;
  onChange(value: string): void;
}

function Line({ name, label, hint, value, onChange }: LineProps) {
  const id = `field/${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <p class="hint quiet" id={`${id}-hint`}>
        {hint}
      </p>
      <div class="field-control">
        <input
          id={id}
          type="text"
          aria-describedby={`${id}-hint ${id}-problem`}
          value={value}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      </div>
      <Problem name={name} />
    </div>
  );
}

/** What is wrong with an option. Its element is always there, because its field names it. */
function Problem({ name }: { name: string }) {
  const { problems } = useFormState();
  return (
    <p class="problem" role="alert" id={`field/${name}-problem`}>
      {[...problems].flatMap(([path, message]) => (path === `/${name}` || path.startsWith(`/${name}/`) ? [message] : [])).join(". ")}
    </p>
  );
}
