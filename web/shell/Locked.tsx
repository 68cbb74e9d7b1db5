/** Instead of the page, when pushpool no longer accepts its cookie. */
export function Locked() {
  return (
    <main class="empty" data-testid="locked">
      <h1>This page is locked</h1>
      <p>
        <code>pushpool ui</code> was started again, so the key of this page is no longer valid.
      </p>
      <p>
        Open the address that <code>pushpool ui</code> prints now.
      </p>
    </main>
  );
}
