/** Remember a setting of this reader. A browser may refuse to store anything; then it lasts as long as the page. */
export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`pushpool.${name}`, value);
  } catch {}
}

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(`pushpool.${name}`);
  } catch {
    return null;
  }
}
