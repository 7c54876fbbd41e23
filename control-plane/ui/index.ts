/**
 * The ui foundation. `createUi` reads tokens, icons, words and templates once; pages are then `res.render('<slice>/views/<name>',
 * model)` with the page context of `page.ts` in res.locals.
 */
import { join } from 'node:path';
import { loadTranslator } from '../platform/i18n';
import type { Translator } from '../platform/i18n';
import { createViews } from '../platform/http/views';
import type { Views } from '../platform/http/views';
import { buildAssets } from './assets';
import type { Assets } from './assets';
import { uiHelpers } from './helpers';
import { loadIcons } from './icons';
import { projectRoot } from '../platform/project-root';

export interface Ui {
  views: Views;
  assets: Assets;
  t: Translator;
  /** The folder that Express looks for views in. */
  root: string;
}

/** Compiles templates, styles and words. `strict` makes a missing word throw, as tests and checks want. Takes about 150 ms. */
export function createUi({ strict }: { strict: boolean }): Ui {
  const top = projectRoot();
  const root = join(top, 'control-plane');
  const t = loadTranslator({ root, strict });
  const assets = buildAssets(top);
  return { root, t, assets, views: createViews({ root, helpers: uiHelpers(t, loadIcons(top), assets) }) };
}

export * from './charts';
export * from './form';
export * from './form-pages';
export * from './format';
export * from './page';
export * from './proof';
export * from './qr';
export * from './read-number';
export * from './reader';
export * from './state';
export * from './table';
export { assetRoutes } from './assets.routes';
export type { Assets } from './assets';
