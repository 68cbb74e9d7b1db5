import { useEffect } from "preact/hooks";
import type { StackInfo } from "../src/ui/wire";
import { DeploymentPage } from "./deployments/DeploymentPage";
import { DeploymentsPage } from "./deployments/DeploymentsPage";
import { NewRunPage } from "./deployments/NewRunPage";
import { navigate, place } from "./navigation";
import { Empty } from "./parts/Empty";
import { PoolsPage } from "./pools/PoolsPage";
import { type Route, routeOf } from "./routes";
import { RunPage } from "./run/RunPage";
import { RunsPage } from "./runs/RunsPage";
import { connection } from "./server/connection";
import { get } from "./server/request";
import { useResource } from "./server/useResource";
import { announcement } from "./shell/announce";
import { ConnectionNotice } from "./shell/ConnectionNotice";
import { Fault } from "./shell/Fault";
import { Header } from "./shell/Header";
import { Locked } from "./shell/Locked";
import { ShortcutsDialog } from "./shell/ShortcutsDialog";
import { StackNotices } from "./shell/StackNotices";
import { shortcutsShown, useShortcuts } from "./shell/shortcuts";
import { stack } from "./shell/stack";

const PART = {
  runs: "runs",
  run: "runs",
  deployments: "deployments",
  deployment: "deployments",
  newRun: "deployments",
  pools: "pools",
  unknown: undefined,
} as const;

export function App() {
  const { data } = useResource("stack", (signal) => get<StackInfo>("/api/stack", { signal }));
  useEffect(() => {
    stack.value = data;
  }, [data]);
  useShortcuts([
    { keys: ["?"], does: "Show these shortcuts", run: showShortcuts },
    { keys: ["1"], does: "Runs", run: () => navigate("/") },
    { keys: ["2"], does: "Deployments", run: () => navigate("/deployments") },
    { keys: ["3"], does: "Pools", run: () => navigate("/pools") },
  ]);
  if (connection.value.kind === "locked") return <Locked />;
  const route = routeOf(place.value.path);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header stack={data} part={PART[route.page]} />
      <ConnectionNotice />
      <StackNotices />
      <main id="main" tabIndex={-1}>
        <Fault key={place.value.path}>
          <Page route={route} />
        </Fault>
      </main>
      <ShortcutsDialog />
      <div class="hidden" role="status" aria-live="polite">
        {announcement}
      </div>
    </>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case "runs":
      return <RunsPage />;
    case "run":
      return <RunPage key={route.id} id={route.id} />;
    case "deployments":
      return <DeploymentsPage />;
    case "deployment":
      return <DeploymentPage key={route.name} name={route.name} />;
    case "newRun":
      return <NewRunPage key={route.name} name={route.name} />;
    case "pools":
      return <PoolsPage />;
    case "unknown":
      return (
        <Empty isPage title="There is no such page">
          <p>
            <a href="/">All runs</a>
          </p>
        </Empty>
      );
  }
}

function showShortcuts(): void {
  shortcutsShown.value = true;
}
