import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { projectRoot } from '../platform/project-root';

/** One file the browser may ask for. Its URL carries a hash of its bytes, so it may be cached for ever. */
export interface Asset {
  url: string;
  type: string;
  body: Buffer;
  gzip: Buffer;
  brotli: Buffer;
}

export interface Assets {
  /** URL of an asset by its plain name (`console.css`). Throws on an unknown name: a template is wrong. */
  url(name: string): string;
  /** The asset served under a URL, or undefined. */
  at(url: string): Asset | undefined;
}

const TYPES: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Reads, joins, hashes and compresses everything the pages need, once at boot (about 60 ms). No build step, no other host. */
export function buildAssets(root: string = projectRoot()): Assets {
  const ui = join(root, 'control-plane', 'ui');
  const sources: Record<string, string> = {
    ...stylesheets(join(ui, 'css')),
    'hotspot.js': readFileSync(join(ui, 'alone', 'hotspot.js'), 'utf8'),
    'plot.js': readFileSync(join(ui, 'alone', 'plot.js'), 'utf8'),
    'console.js': behaviours(join(ui, 'behaviours')),
    'htmx.js': readFileSync(join(root, 'node_modules', 'htmx.org', 'dist', 'htmx.min.js'), 'utf8'),
    // Asked for by pages with a time series alone.
    'uplot.js': readFileSync(join(root, 'node_modules', 'uplot', 'dist', 'uPlot.iife.min.js'), 'utf8'),
    'lango.svg': readFileSync(join(ui, 'icons', 'favicon', 'lango.svg'), 'utf8'),
  };
  const byName = new Map<string, Asset>();
  const byUrl = new Map<string, Asset>();
  for (const [name, text] of Object.entries(sources)) {
    const asset = toAsset(name, Buffer.from(text));
    byName.set(name, asset);
    byUrl.set(asset.url, asset);
  }
  return {
    url(name) {
      const asset = byName.get(name);
      if (!asset) throw new Error(`No asset named ${name}. Known: ${[...byName.keys()].join(', ')}.`);
      return asset.url;
    },
    at: (url) => byUrl.get(url),
  };
}

function toAsset(name: string, body: Buffer): Asset {
  const [stem = name, extension = ''] = name.split('.');
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 12);
  const type = TYPES[extension];
  if (!type) throw new Error(`Asset ${name} has no known content type. Add ${extension} to TYPES.`);
  return {
    url: `/assets/${stem}.${hash}.${extension}`,
    type,
    body,
    gzip: gzipSync(body, { level: 9 }),
    brotli: brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  };
}

/**
 * Joins the component files to the stylesheets that css/order.json names, in its order: console.css for every page, beside it one for each kind of page
 * that has parts of its own, linked in its layout or view. Layers settle who wins, whichever comes first. A file that no stylesheet names is a mistake and throws.
 */
function stylesheets(dir: string): Record<string, string> {
  const order = JSON.parse(readFileSync(join(dir, 'order.json'), 'utf8')) as Record<string, string[]>;
  const named = Object.values(order).flat();
  const present = readdirSync(dir)
    .filter((file) => file.endsWith('.css'))
    .map((file) => file.slice(0, -4));
  const forgotten = present.filter((name) => !named.includes(name));
  if (forgotten.length > 0) throw new Error(`css/order.json does not name ${forgotten.join(', ')}.`);
  return Object.fromEntries(
    Object.entries(order).map(([sheet, parts]) => [
      sheet,
      squeeze(parts.map((name) => readFileSync(join(dir, `${name}.css`), 'utf8')).join('\n')),
    ]),
  );
}

/** Takes comments, indentation and signs that CSS does without out. Spaces inside values stay: calc() needs them around its signs. */
function squeeze(css: string): string {
  return css
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?/g, '$1')
    .replace(/: /g, ':')
    .replace(/;}/g, '}')
    .replace(/(?<![\w.])0\.(?=\d)/g, '.')
    .trim();
}

/** Each behaviour file is one block of one module: nothing leaks between them and the page makes one request. */
function behaviours(dir: string): string {
  return readdirSync(dir)
    .filter((file) => file.endsWith('.js'))
    .sort()
    .map((file) => `{\n${readFileSync(join(dir, file), 'utf8')}\n}`)
    .join('\n');
}
