import type { Console } from '../console';
import { assetRoutes, createUi, useWords } from '../ui';
import { createRenderer } from './renderer';

/**
 * The console shell for one web process: templates, words and styles are compiled here once, so that a broken one stops the start
 * and not a page. `strict` makes a missing word throw, which tests want.
 */
export function createConsole(strict: boolean): Console {
  const ui = createUi({ strict });
  useWords(ui.t);
  return { renderer: createRenderer(ui), assets: assetRoutes(ui.assets) };
}
