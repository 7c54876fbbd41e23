import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { projectRoot } from '../platform/project-root';

export const ARCHES = ['open', 'online', 'ajar', 'shut', 'dash', 'dotted'] as const;
/** Dot inside: somebody is passing. Empty: open. Leaf across: slowed or in grace. Filled: shut. Dash: paused. Dotted: pending. */
export type Arch = (typeof ARCHES)[number];

export interface Icons {
  /** All drawings as one hidden SVG of symbols, put once into each page: `<use href="#i-home">` then costs 30 bytes. */
  sprite: string;
  names: ReadonlySet<string>;
}

/** Reads our own outline icons (20 by 20) and arches (16 by 16). */
export function loadIcons(root: string = projectRoot()): Icons {
  const dir = join(root, 'control-plane', 'ui', 'icons');
  const names = new Set<string>();
  const symbols: string[] = [];
  for (const [folder, prefix] of [
    ['outline', 'i'],
    ['arch', 'a'],
  ] as const) {
    for (const file of readdirSync(join(dir, folder)).sort()) {
      const name = `${prefix}-${basename(file, '.svg')}`;
      names.add(name);
      symbols.push(toSymbol(name, readFileSync(join(dir, folder, file), 'utf8')));
    }
  }
  return { names, sprite: `<svg hidden aria-hidden="true">${symbols.join('')}</svg>` };
}

function toSymbol(id: string, svg: string): string {
  const box = /viewBox="([^"]+)"/.exec(svg)?.[1];
  const inner = /<svg[^>]*>([\s\S]*)<\/svg>/.exec(svg)?.[1];
  if (!box || !inner) throw new Error(`Icon ${id} is not an svg element with a viewBox.`);
  return `<symbol id="${id}" viewBox="${box}">${inner.trim()}</symbol>`;
}
