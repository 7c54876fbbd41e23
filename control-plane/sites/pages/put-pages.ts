import type { ApiOutcome, Row } from '../../../radius/routeros';

/** What a router is to have, as it lies on its disk. */
export interface WantedPages {
  hash: string;
  files: { path: string; size: number }[];
  /** Where file `n` of the set is fetched. */
  urlOf(n: number): string;
}

export type PutFault =
  'unreachable' | 'refused' | 'no_hotspot' | 'fetch' | 'certificate' | 'wrong_size' | 'not_switched';
export type PutOutcome = { kind: 'done'; folder: string } | { kind: 'failed'; fault: PutFault; detail: string };

type Ask = (words: readonly string[]) => Promise<ApiOutcome>;

/** Folders of ours are called so; others are never touched. */
const OURS = /^(?:flash\/)?lango-[0-9a-f]{12}$/;

class Stopped extends Error {
  constructor(
    readonly fault: PutFault,
    readonly detail: string,
  ) {
    super(detail);
  }
}

/**
 * Puts a set of pages on a router: into a folder of its own, each file's size looked at afterwards, and only then shown, by html-directory-override of the
 * profiles that its hotspots use. Wherever it breaks off the router goes on showing what it did. What is there already is not fetched again. The folder that
 * was shown before stays; older ones of ours go. `progress` hears how many files are there.
 */
export async function putPages(
  ask: Ask,
  wanted: WantedPages,
  progress: (done: number) => Promise<void>,
): Promise<PutOutcome> {
  try {
    const profiles = await hotspotProfiles(ask);
    const before = await sizes(ask);
    const folder = `${before.has('flash') ? 'flash/' : ''}lango-${wanted.hash.slice(0, 12)}`;
    await fetchMissing(ask, wanted, folder, before, progress);
    const after = await sizes(ask);
    for (const { path, size } of wanted.files) {
      const found = after.get(`${folder}/${path}`);
      if (found !== size) throw new Stopped('wrong_size', `${path}: ${found ?? 'not there'}, should have ${size}`);
    }
    await show(ask, profiles, folder);
    const keep = new Set([folder, ...profiles.map((row) => row['html-directory-override'] ?? '')]);
    await forgetOthers(ask, after, keep);
    return { kind: 'done', folder };
  } catch (error) {
    if (error instanceof Stopped) return { kind: 'failed', fault: error.fault, detail: error.detail };
    throw error;
  }
}

/** The profiles of the hotspots that are on. */
async function hotspotProfiles(ask: Ask): Promise<Row[]> {
  const servers = await rowsOf(ask, ['/ip/hotspot/print']);
  const used = new Set(servers.filter((row) => row['disabled'] !== 'true').map((row) => row['profile']));
  const profiles = await rowsOf(ask, ['/ip/hotspot/profile/print']);
  const found = profiles.filter((row) => used.has(row['name']));
  if (found.length === 0) throw new Stopped('no_hotspot', 'no hotspot is on');
  return found;
}

/** Every file and folder on the router with its size; folders have none. */
async function sizes(ask: Ask): Promise<Map<string, number | undefined>> {
  const rows = await rowsOf(ask, ['/file/print', '=.proplist=name,type,size']);
  return new Map(rows.map((row) => [row['name'] ?? '', row['type'] === 'directory' ? undefined : Number(row['size'])]));
}

async function fetchMissing(
  ask: Ask,
  wanted: WantedPages,
  folder: string,
  before: Map<string, number | undefined>,
  progress: (done: number) => Promise<void>,
): Promise<void> {
  for (const [n, { path, size }] of wanted.files.entries()) {
    if (before.get(`${folder}/${path}`) === size) continue;
    const url = wanted.urlOf(n);
    const outcome = await ask([
      '/tool/fetch',
      `=url=${url}`,
      `=dst-path=${folder}/${path}`,
      // Whoever could stand between may not put pages of theirs on a router.
      ...(url.startsWith('https:') ? ['=check-certificate=yes'] : []),
    ]);
    if (outcome.kind === 'refused') {
      const isCertificate = /ssl|certificate|trust/i.test(outcome.message);
      throw new Stopped(isCertificate ? 'certificate' : 'fetch', `${path}: ${outcome.message}`);
    }
    const last = answered(outcome).at(-1);
    if (last?.['status'] !== undefined && last['status'] !== 'finished')
      throw new Stopped('fetch', `${path}: ${last['status']}`);
    if (n % 5 === 4) await progress(n + 1);
  }
}

/** All profiles or none: where one cannot be switched the others go back. */
async function show(ask: Ask, profiles: Row[], folder: string): Promise<void> {
  const set = (row: Row, to: string) =>
    ask(['/ip/hotspot/profile/set', `=.id=${row['.id'] ?? ''}`, `=html-directory-override=${to}`]);
  const turned: Row[] = [];
  for (const row of profiles) {
    if (row['html-directory-override'] === folder) continue;
    turned.push(row);
    const outcome = await set(row, folder);
    const now = outcome.kind === 'done' ? await rowsOf(ask, ['/ip/hotspot/profile/print']).catch(() => []) : [];
    if (now.some((one) => one['name'] === row['name'] && one['html-directory-override'] === folder)) continue;
    for (const one of turned) await set(one, one['html-directory-override'] ?? '');
    const why = outcome.kind === 'refused' ? outcome.message : outcome.kind;
    throw new Stopped('not_switched', `profile ${row['name'] ?? ''}: ${why}`);
  }
}

/** Room on a router is small; what cannot be removed is tried the next time. */
async function forgetOthers(ask: Ask, all: Map<string, number | undefined>, keep: Set<string>): Promise<void> {
  for (const [name, size] of all) {
    const folder = /^((?:flash\/)?lango-[0-9a-f]{12})\//.exec(name)?.[1] ?? '';
    if (size === undefined || !OURS.test(folder) || keep.has(folder)) continue;
    await ask(['/file/remove', `=.id=${name}`]);
  }
}

async function rowsOf(ask: Ask, words: readonly string[]): Promise<Row[]> {
  return answered(await ask(words));
}

function answered(outcome: ApiOutcome): Row[] {
  switch (outcome.kind) {
    case 'done':
      return outcome.rows;
    case 'refused':
      throw new Stopped('refused', outcome.message);
    case 'login_refused':
      throw new Stopped('refused', 'it does not take our name and password');
    case 'unreachable':
      throw new Stopped('unreachable', outcome.message);
    case 'silent':
      throw new Stopped('unreachable', 'no answer in time');
  }
}
