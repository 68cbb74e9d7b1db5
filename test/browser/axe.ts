import axe from "axe-core";
import type { Page } from "playwright-core";

const WCAG_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * What axe-core finds wrong on a page: the rule, the reason, and the element.
 * @param rules only these rules. @default those of WCAG 2.2, level AA
 */
export async function violations(page: Page, rules: readonly string[] = WCAG_AA): Promise<string[]> {
  // Not as a script element, which the page's policy refuses.
  await page.evaluate(axe.source);
  const { violations: found } = (await page.evaluate(`axe.run({ runOnly: ${JSON.stringify(rules)} })`)) as axe.AxeResults;
  return found.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`));
}
