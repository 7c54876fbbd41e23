import type { ApiOutcome, Row } from '../../radius/routeros';

export type Export =
  { kind: 'read'; version: string; words: string; missing: string[] } | { kind: 'failed'; why: string };

type Ask = (words: readonly string[]) => Promise<ApiOutcome>;

/** The file that is written for the moment and taken away again. */
const FILE = 'lango-export';
const CHUNK_BYTES = 32_768;
const LARGEST_BYTES = 4_000_000;
/** How often the size of the file is asked for until it stands still; the router goes on writing after it has answered. */
const LOOKS = 20;
const LOOK_MS = 500;

/** Menus that are asked one by one where a router shows no more than 4 KB of a file: RouterOS 6 has no other way to read one by its API. */
const PIECES = [
  '/interface/bridge',
  '/interface/ethernet',
  '/interface/vlan',
  '/interface/pppoe-server/server',
  '/interface/pppoe-client',
  '/interface/sstp-client',
  '/interface/l2tp-client',
  '/ip/address',
  '/ip/pool',
  '/ip/dns',
  '/ip/dhcp-server',
  '/ip/dhcp-client',
  '/ip/route',
  '/ip/service',
  '/ip/firewall/filter',
  '/ip/firewall/nat',
  '/ip/firewall/mangle',
  '/ip/firewall/raw',
  '/ip/firewall/address-list',
  '/ip/hotspot/profile',
  '/ip/hotspot/user',
  '/ip/hotspot/ip-binding',
  '/ip/hotspot/walled-garden',
  '/ip/hotspot',
  '/ppp/profile',
  '/ppp/secret',
  '/ppp/aaa',
  '/queue/simple',
  '/queue/type',
  '/radius',
  '/system/identity',
  '/system/ntp/client',
  '/system/logging',
  '/system/scheduler',
  '/system/script',
] as const;

/** What /export says of a whole router, without secrets. The file that it leaves behind is taken away whatever happens. */
export async function readExport(ask: Ask, wait: (ms: number) => Promise<void> = sleep): Promise<Export> {
  const resource = await ask(['/system/resource/print', '=.proplist=version']);
  if (resource.kind !== 'done') return { kind: 'failed', why: whyOf(resource) };
  const version = resource.rows[0]?.['version'] ?? '';
  const old = version.startsWith('6.');
  const whole = await readMenu(ask, '', old, wait);
  if (whole.kind === 'read') return { kind: 'read', version, words: tidy(whole.text), missing: [] };
  if (whole.kind === 'failed') return whole;
  const texts: string[] = [];
  const missing: string[] = [];
  for (const menu of PIECES) {
    const piece = await readMenu(ask, menu, old, wait);
    if (piece.kind === 'read') texts.push(piece.text);
    else if (piece.kind === 'too_long') missing.push(menu);
    // A menu that this router lacks is no fault; one that went away in the middle is.
    else if (piece.lost) return piece;
  }
  return { kind: 'read', version, words: tidy(texts.join('\n')), missing };
}

type Piece = { kind: 'read'; text: string } | { kind: 'too_long' } | { kind: 'failed'; why: string; lost: boolean };

async function readMenu(ask: Ask, menu: string, old: boolean, wait: (ms: number) => Promise<void>): Promise<Piece> {
  // RouterOS 7 hides secrets unless told otherwise; 6 shows them unless told to hide them.
  const exported = await ask([`${menu}/export`, `=file=${FILE}`, ...(old ? ['=hide-sensitive='] : [])]);
  if (exported.kind !== 'done') return failed(exported);
  const file = await settled(ask, wait);
  if ('kind' in file) return file;
  try {
    return await readFile(ask, file, old);
  } finally {
    await ask(['/file/remove', `=.id=${file.row['.id'] ?? ''}`]);
  }
}

async function settled(ask: Ask, wait: (ms: number) => Promise<void>): Promise<{ row: Row } | Piece> {
  let size = '';
  for (let look = 0; look < LOOKS; look++) {
    const found = await ask(['/file/print', '=.proplist=.id,name,size,contents', `?name=${FILE}.rsc`]);
    if (found.kind !== 'done') return failed(found);
    const [row] = found.rows;
    if (row !== undefined && row['size'] === size && size !== '0') return { row };
    size = row?.['size'] ?? '';
    await wait(LOOK_MS);
  }
  return { kind: 'failed', why: 'the router wrote no file', lost: false };
}

async function readFile(ask: Ask, { row }: { row: Row }, old: boolean): Promise<Piece> {
  const size = Number(row['size']);
  if (size > LARGEST_BYTES) return { kind: 'failed', why: `an export of ${size} bytes`, lost: false };
  const shown = row['contents'];
  if (shown !== undefined && Buffer.byteLength(shown) === size) return { kind: 'read', text: shown };
  if (old) return { kind: 'too_long' };
  let text = '';
  while (Buffer.byteLength(text) < size) {
    const offset = Buffer.byteLength(text);
    const chunk = await ask(['/file/read', `=file=${FILE}.rsc`, `=offset=${offset}`, `=chunk-size=${CHUNK_BYTES}`]);
    // Versions 7 before 7.13 show what they can of a file and have no way to read the rest.
    if (chunk.kind === 'refused') return { kind: 'too_long' };
    if (chunk.kind !== 'done') return failed(chunk);
    const data = chunk.rows[0]?.['data'] ?? '';
    if (data === '') break;
    text += data;
  }
  return { kind: 'read', text };
}

/** Lines as they are compared: folded ones in one piece, without what changes by itself at the head. */
export function tidy(text: string): string {
  const lines = text
    .replace(/\r/g, '')
    .replace(/ \\\n +/g, ' ')
    .split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#')).join('\n');
}

function failed(outcome: Exclude<ApiOutcome, { kind: 'done' }>): Piece {
  return { kind: 'failed', why: whyOf(outcome), lost: outcome.kind !== 'refused' };
}

function whyOf(outcome: Exclude<ApiOutcome, { kind: 'done' }>): string {
  return 'message' in outcome ? outcome.message : outcome.kind;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
