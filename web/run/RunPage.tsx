import { useState } from "preact/hooks";
import type { RunDetail } from "../../src/ui/wire";
import { LogPanel } from "../logs/LogPanel";
import { navigate, place } from "../navigation";
import { Empty } from "../parts/Empty";
import { Failure } from "../parts/Failure";
import { Link } from "../parts/Link";
import { Loading } from "../parts/Loading";
import { type Tab, Tabs } from "../parts/Tabs";
import { useTitle } from "../parts/useTitle";
import { useShortcuts } from "../shell/shortcuts";
import { AttemptPicker } from "./AttemptPicker";
import { Configuration } from "./Configuration";
import { Parameters } from "./Parameters";
import { RunFacts } from "./RunFacts";
import { RunHead } from "./RunHead";
import { StateTable } from "./StateTable";
import { Timeline } from "./Timeline";
import { hasEnded } from "./texts";
import { useRun } from "./useRun";

/** One run: what happened, what it was given, and its log. */
export function RunPage({ id }: { id: string }) {
  const { run, error, notice, reload, accept } = useRun(id);
  useTitle(run ? `${run.state.name}: ${run.name}` : "Run");
  useShortcuts([{ keys: ["Escape", "u"], does: "Back to the runs", run: () => (history.length > 1 ? history.back() : navigate("/")) }]);
  if (error?.status === 404)
    return (
      <Empty isPage title="There is no such run">
        <p>
          <Link to="/">All runs</Link>
        </p>
      </Empty>
    );
  if (error && !run) return <Failure what="The run cannot be shown" error={error} onRetry={reload} />;
  if (!run) return <Loading what="the run" />;
  return (
    <div class="run-page">
      <RunHead run={run} notice={notice} onChange={accept} />
      <RunBody run={run} />
    </div>
  );
}

function RunBody({ run }: { run: RunDetail }) {
  const [chosen, setChosen] = useState<number>();
  const attempt = run.attempts.find(({ number }) => number === chosen) ?? run.attempts.at(-1);
  const tabs: Tab[] = [
    { name: "logs", text: "Log", show: () => <LogPanel key={run.attempt} id={run.id} hasEnded={hasEnded(run.state)} /> },
    { name: "states", text: "States", show: () => (attempt ? <StateTable attempt={attempt} /> : <NoAttempt />) },
    { name: "parameters", text: "Parameters", show: () => <Parameters run={run} /> },
    { name: "configuration", text: "Job configuration", show: () => (attempt ? <Configuration attempt={attempt} /> : <NoAttempt />) },
    { name: "requests", text: "Requests", show: () => (attempt ? <Configuration attempt={attempt} requests /> : <NoAttempt />) },
  ];
  const open = new URLSearchParams(place.value.search).get("tab") ?? "logs";
  return (
    <>
      <div class="run-top">
        <section class="timeline-box" aria-label="Timeline">
          {run.attempts.length > 1 && <AttemptPicker attempts={run.attempts} chosen={attempt?.number} onChoose={setChosen} />}
          {attempt && <Timeline attempt={attempt} />}
        </section>
        <RunFacts run={run} attempt={attempt} />
      </div>
      <Tabs
        label="The run in detail"
        tabs={tabs}
        open={open}
        onOpen={(name) => navigate(`${place.value.path}${name === "logs" ? "" : `?tab=${name}`}`, true)}
      />
    </>
  );
}

function NoAttempt() {
  return <p class="quiet">This ledger has no attempt of it: pushpool has not submitted it.</p>;
}
