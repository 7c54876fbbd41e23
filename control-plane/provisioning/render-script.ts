import type { Fields, FieldValue, Piece, Recipe, Step } from './pieces';
import { stepsOf } from './recipe';

/** What has a place in a script by itself: digits, names, addresses, lists of them. */
const PLAIN = /^[A-Za-z0-9][\w.,:/@+-]*$|^![\w.,:/-]+$/;

/** A value as RouterOS' script language reads it back to the same text. */
export function quoted(value: string): string {
  if (PLAIN.test(value)) return value;
  return `"${value
    .replace(/[\\"$?]/g, '\\$&')
    .replace(/\n/g, '\\n')
    .replace(/\r/g, '\\r')}"`;
}

/**
 * The script that a router of this version imports. Each step stands for itself: one that fails is named to us and the others go on. What is ours is found
 * again by its name or comment, so that a second run changes nothing.
 * @param word address under which the router tells us how it went, e.g. `https://isp.example/provisioning/<word>`
 */
export function renderScript(recipe: Recipe, word: string): string {
  return [
    '# Made by Lango for one router. Run it again as often as you like: it finds what it made before.',
    ':local failed false',
    ...stepsOf(recipe).map((step) => renderStep(step, word)),
    `:if ($failed = false) do={`,
    `  ${told(`${word}/all/done`)}`,
    '  :put "Lango: done. The rest is tested from the console."',
    '}',
    '',
  ].join('\n');
}

/** What an operator's one line fetches first. It is the same for every version: it asks for the script that fits this router. */
export function renderFirst(word: string): string {
  return [
    ':local version [/system resource get version]',
    ':local space [:find $version " "]',
    ':if ([:len $space] > 0) do={ :set version [:pick $version 0 $space] }',
    `/tool fetch url=("${word}/" . $version) dst-path=lango-setup.rsc`,
    ':delay 1s',
    '/import file-name=lango-setup.rsc',
    // The secrets that it holds are not to lie about.
    '/file remove [find name=lango-setup.rsc]',
    '/file remove [find name=lango.rsc]',
    '',
  ].join('\n');
}

/** The line to paste. */
export const renderLine = (word: string): string =>
  `/tool fetch url="${word}" dst-path=lango.rsc; :delay 1s; /import file-name=lango.rsc`;

const told = (url: string): string => `:do { /tool fetch url="${url}" keep-result=no } on-error={}`;

function renderStep({ name, pieces }: Step, word: string): string {
  const firsts = new Set(pieces.flatMap((piece) => (piece.kind === 'row' && piece.first ? [piece.menu] : [])));
  const anchors = [...firsts].map(
    (menu) => `  :local ${anchorOf(menu)} [${spaced(menu)} find where dynamic=no and !(comment~"^lango: ")]`,
  );
  return [
    `:do {`,
    ...anchors,
    ...pieces.map((piece) => `  ${renderPiece(piece)}`),
    `} on-error={`,
    '  :set failed true',
    `  :put "Lango: ${name} failed"`,
    `  ${told(`${word}/${name}/failed`)}`,
    '}',
  ].join('\n');
}

function renderPiece(piece: Piece): string {
  switch (piece.kind) {
    case 'settings':
      return `${spaced(piece.menu)} set ${words(piece.fields)}`;
    case 'service':
      return `:if ([/ip service get ${piece.name} disabled]) do={ /ip service set ${piece.name} address=${written(piece.address)} disabled=no }`;
    case 'others':
      return `${spaced(piece.menu)} set [find where ${Object.entries(piece.where)
        .map(([name, value]) => `${name}=${quoted(value)}`)
        .join(' and ')}] ${words(piece.fields)}`;
    case 'row':
      return renderRow(piece);
  }
}

function renderRow({ menu, known, fields, first }: Extract<Piece, { kind: 'row' }>): string {
  const path = spaced(menu);
  const find = `[${path} find ${known.by}=${quoted(known.as)}]`;
  const add = `${path} add ${words(fields)} ${known.by}=${quoted(known.as)}`;
  const set = `${path} set ${find} ${words(fields)}`;
  if (!first) return `:if ([:len ${find}] = 0) do={ ${add} } else={ ${set} }`;
  const anchor = anchorOf(menu);
  // RouterOS cannot place a rule before the first of none.
  const before = `:if ([:len $${anchor}] > 0) do={ ${add} place-before=[:pick $${anchor} 0] } else={ ${add} }`;
  return `:if ([:len ${find}] = 0) do={ ${before} } else={ ${set} }`;
}

const spaced = (menu: string): string => `/${menu.slice(1).replaceAll('/', ' ')}`;
const anchorOf = (menu: string): string => `before${menu.slice(menu.lastIndexOf('/') + 1)}`;
const words = (fields: Fields): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}=${written(value)}`)
    .join(' ');
const written = (value: FieldValue): string =>
  typeof value === 'string' ? quoted(value) : `[:resolve ${quoted(value.resolve)}]`;
