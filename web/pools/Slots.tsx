/** Slots in use against the limit, as text and as a bar. */
export function Slots({ used, limit }: { used: number; limit: number | null }) {
  if (limit === null) return <span class="number">{used} in use, no limit</span>;
  const share = limit === 0 ? 1 : Math.min(1, used / limit);
  return (
    <span class="slots" data-testid="slots">
      <span class="number">
        {used} of {limit} in use
      </span>
      <svg class={`slot-bar ${share >= 1 ? "full" : ""}`} aria-hidden="true">
        <rect class="ground" width="100%" height="100%" rx="2" />
        <rect width={`${(share * 100).toFixed(1)}%`} height="100%" rx="2" />
      </svg>
      {share >= 1 && <span class="quiet">full: runs wait</span>}
    </span>
  );
}
