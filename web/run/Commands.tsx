import type { RunCommands } from "../../src/ui/wire";
import { CopyButton } from "../parts/CopyButton";
import { Menu } from "../parts/Menu";

const WORDS: Record<keyof RunCommands, string> = { show: "Show", logs: "Read the log", cancel: "Cancel", retry: "Retry", run: "Run again" };

/** The same on the command line, to copy. */
export function Commands({ commands }: { commands: RunCommands }) {
  return (
    <Menu label="Command line" testId="commands">
      {(Object.keys(WORDS) as (keyof RunCommands)[]).map((name) => {
        const text = commands[name];
        return (
          text && (
            <div key={name} class="command">
              <span class="quiet">{WORDS[name]}</span>
              <code>{text}</code>
              <CopyButton text={text} />
            </div>
          )
        );
      })}
    </Menu>
  );
}
