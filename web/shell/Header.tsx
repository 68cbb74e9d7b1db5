import type { StackInfo } from "../../src/ui/wire";
import { Link } from "../parts/Link";
import { connection } from "../server/connection";
import { shortcutsShown } from "./shortcuts";
import { ThemeToggle } from "./ThemeToggle";

interface HeaderProps {
  stack: StackInfo | undefined;
  /** Which of the three lists the page belongs to. */
  part: "runs" | "deployments" | "pools" | undefined;
}

const PARTS = [
  { part: "runs", to: "/", text: "Runs" },
  { part: "deployments", to: "/deployments", text: "Deployments" },
  { part: "pools", to: "/pools", text: "Pools" },
] as const;

export function Header({ stack, part }: HeaderProps) {
  const isConnected = connection.value.kind === "connected";
  const showKeys = () => {
    shortcutsShown.value = true;
  };
  return (
    <header class="head">
      <Link to="/" class="brand" aria-label="pushpool: all runs">
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M2 12c2-2 4 2 6 0s4 2 6 0M8 1.5v6M5.5 5 8 7.5 10.5 5" />
        </svg>
        <b>pushpool</b>
      </Link>
      <nav aria-label="Main">
        {PARTS.map(({ part: one, to, text }) => (
          <Link key={one} to={to} aria-current={one === part ? "page" : undefined}>
            {text}
          </Link>
        ))}
      </nav>
      <span class="stack" title={stack && `Runs are stored in ${stack.ledger}\npushpool ${stack.version}`} data-testid="stack">
        {stack?.stack}
      </span>
      <span class={`pulse ${isConnected ? "on" : "off"}`} title={isConnected ? "Live" : "Not connected"}>
        <span class="hidden">{isConnected ? "Live" : "Not connected"}</span>
      </span>
      <ThemeToggle />
      <button
        type="button"
        class="icon-button keys-button"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={showKeys}
      >
        ?
      </button>
    </header>
  );
}
