import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect } from './fixtures';

/** Fails when axe finds anything on a page. */
export async function accessible(page: Page): Promise<void> {
  // Pages have no frames, and nobody asks what is right.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'], elementRef: false });
  const { violations } = await axe.analyze();
  const found = violations.map(({ id, nodes }) => ({ id, where: nodes.map((node) => node.html.slice(0, 160)) }));
  expect(found, `${page.url()} by axe`).toEqual([]);
}
