import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useElementSize } from "../parts/useElementSize";
import { isAtEnd, windowAt } from "../parts/virtualWindow";
import { useShortcuts } from "../shell/shortcuts";
import { LogLine } from "./LogLine";
import { LogTools } from "./LogTools";
import { matchFrom } from "./logLines";
import { useLog } from "./useLog";

/** Pixels; as in logs.css. */
const LINE = 18;

/** Keys with which a browser scrolls up. */
const UP = new Set(["ArrowUp", "PageUp", "Home"]);

interface LogPanelProps {
  id: string;
  hasEnded: boolean;
}

/** The log of a run: live, followed to its end until the reader scrolls up, and searched. Only the lines in sight exist in the document. */
export function LogPanel({ id, hasEnded }: LogPanelProps) {
  const log = useLog(id);
  const { lines, matches, dropped, longest } = log.lines;
  const scroller = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLInputElement>(null);
  const { height } = useElementSize(scroller);
  const [scrollTop, setScrollTop] = useState(0);
  const [isFollowing, setFollowing] = useState(true);
  const [search, setSearch] = useState("");
  const [searched, setSearched] = useState("");
  const [current, setCurrent] = useState(0);
  const shape = { rowHeight: LINE, count: lines.length, viewport: height };
  // At the end, the place is known before the browser has scrolled there.
  const { first, last } = windowAt(shape, isFollowing ? lines.length * LINE : scrollTop);

  // Before the paint, so that the end does not flicker.
  useLayoutEffect(() => {
    if (isFollowing && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [isFollowing, lines.length, dropped, height]);

  // What is in sight stays in sight when older lines go.
  const droppedBefore = useRef(dropped);
  useLayoutEffect(() => {
    if (!isFollowing && scroller.current) scroller.current.scrollTop -= (dropped - droppedBefore.current) * LINE;
    droppedBefore.current = dropped;
  }, [dropped]);

  useEffect(() => {
    const timer = setTimeout(() => {
      log.find(search);
      setSearched(search);
      if (log.lines.matches.length > 0) goTo(matchFrom(log.lines.matches, Math.floor((scroller.current?.scrollTop ?? 0) / LINE)));
    }, 100);
    return () => clearTimeout(timer);
  }, [search]);

  // Whether the reader has left the end. The browser may report a scroll of ours after they stopped to follow; that is no return.
  const wasAway = useRef(false);
  const stopFollowing = () => {
    if (!isFollowing || !scroller.current?.scrollTop) return;
    wasAway.current = false;
    setFollowing(false);
  };
  const scrolled = (element: HTMLElement) => {
    const top = element.scrollTop;
    setScrollTop(top);
    if (!isAtEnd({ ...shape, viewport: element.clientHeight }, top)) {
      if (top < scrollTop) stopFollowing();
      wasAway.current = true;
    } else if (wasAway.current && !isFollowing) setFollowing(true);
  };
  const goTo = (match: number) => {
    const found = log.lines.matches;
    if (found.length === 0) return;
    const at = (match + found.length) % found.length;
    setCurrent(at);
    setFollowing(false);
    scroller.current?.scrollTo({ top: Math.max(0, (found[at] as number) * LINE - height / 2) });
  };
  useShortcuts([
    { keys: ["/"], does: "Search the log", run: () => box.current?.focus() },
    { keys: ["n"], does: "Next match", run: () => goTo(current + 1) },
    { keys: ["N"], does: "Previous match", run: () => goTo(current - 1) },
    { keys: ["f"], does: "Follow the log", run: () => setFollowing(!isFollowing) },
  ]);

  const currentLine = search === "" ? undefined : matches[current];
  return (
    <section class="log" aria-label="Log">
      <LogTools
        id={id}
        box={box}
        search={search}
        onSearch={setSearch}
        matches={searched === search ? matches.length : undefined}
        current={current}
        onGoTo={goTo}
        isFollowing={isFollowing}
        onFollow={setFollowing}
        isLive={!log.isComplete}
        count={dropped + lines.length}
      />
      {log.missing > 0 && (
        <p class="notice">
          The first {log.missing.toLocaleString("en")} lines are not shown here. <a href={`/api/runs/${id}/logs.txt`}>Download the log</a>{" "}
          for all of them.
        </p>
      )}
      {log.notice && <p class="notice">{log.notice}</p>}
      <div
        ref={scroller}
        class="scroller log-lines"
        role="region"
        tabIndex={0}
        aria-label="Lines of the log"
        data-testid="log"
        data-complete={log.isComplete}
        onScroll={(event) => scrolled(event.currentTarget)}
        // While many lines come, the page scrolls down more often than the browser reports that the reader scrolls up.
        onWheel={(event) => event.deltaY < 0 && stopFollowing()}
        onTouchMove={stopFollowing}
        onPointerDown={(event) => event.target === scroller.current && stopFollowing()}
        onKeyDown={(event) => UP.has(event.key) && stopFollowing()}
      >
        {lines.length === 0 && <p class="quiet log-empty">{emptyText(log.isComplete, hasEnded)}</p>}
        <div class="all" style={{ height: `${lines.length * LINE}px`, minWidth: `calc(${Math.min(longest, 4100)}ch + 12rem)` }}>
          <div class="sight" style={{ transform: `translateY(${first * LINE}px)` }}>
            {lines.slice(first, last).map((line, at) => (
              <LogLine
                key={line.n}
                line={line}
                before={log.lines.styleBefore(line)}
                search={search}
                isCurrent={currentLine === first + at}
              />
            ))}
          </div>
        </div>
      </div>
    </section>
  );
}

function emptyText(isComplete: boolean, hasEnded: boolean): string {
  if (isComplete) return "The run wrote nothing.";
  return hasEnded ? "Reading the log…" : "No lines yet. They appear here as the run writes them.";
}
