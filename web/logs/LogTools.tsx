import type { RefObject } from "preact";

interface LogToolsProps {
  id: string;
  box: RefObject<HTMLInputElement | null>;
  search: string;
  onSearch(search: string): void;
  /** How many lines match; undefined: not known yet. */
  matches: number | undefined;
  /** Which of them the reader is at. */
  current: number;
  onGoTo(match: number): void;
  isFollowing: boolean;
  onFollow(follow: boolean): void;
  isLive: boolean;
  /** How many lines the log has. */
  count: number;
}

/** Above the log: search, follow, download. */
export function LogTools({ id, box, search, onSearch, matches, current, onGoTo, isFollowing, onFollow, isLive, count }: LogToolsProps) {
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Enter") onGoTo(current + (event.shiftKey ? -1 : 1));
    else if (event.key === "Escape") {
      if (search === "") box.current?.blur();
      else onSearch("");
    } else return;
    event.preventDefault();
  };
  const none = !matches;
  return (
    <div class="log-tools">
      <search class="log-search">
        <input
          ref={box}
          type="search"
          aria-label="Search the log"
          placeholder="Search the log  ( / )"
          value={search}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => onSearch(event.currentTarget.value)}
          onKeyDown={onKey}
        />
        {search !== "" && (
          <>
            <span class="number quiet" role="status" data-testid="log-matches">
              {matches === undefined ? "" : none ? "no lines" : `${current + 1} of ${matches.toLocaleString("en")}`}
            </span>
            <button
              type="button"
              class="small"
              aria-label="Previous match"
              title="Previous match (Shift + Enter)"
              disabled={none}
              onClick={() => onGoTo(current - 1)}
            >
              ↑
            </button>
            <button
              type="button"
              class="small"
              aria-label="Next match"
              title="Next match (Enter)"
              disabled={none}
              onClick={() => onGoTo(current + 1)}
            >
              ↓
            </button>
          </>
        )}
      </search>
      <span class="number quiet" data-testid="log-count">
        {count.toLocaleString("en")} {count === 1 ? "line" : "lines"}
        {isLive ? ", live" : ""}
      </span>
      <button type="button" class="small" aria-pressed={isFollowing} data-testid="follow" onClick={() => onFollow(!isFollowing)}>
        Follow
      </button>
      <a class="button small" href={`/api/runs/${encodeURIComponent(id)}/logs.txt`} download>
        Download
      </a>
    </div>
  );
}
