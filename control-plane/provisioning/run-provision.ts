import type { JobHelpers } from 'graphile-worker';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Row } from '../../radius/routeros';
import type { Context } from '../platform/context';
import type { TaskTools } from '../platform/jobs/task';
import { API_PASSWORD, atRouter, type RouterAtHand } from '../routers';
import { signInHosts } from '../sites';
import { tunnelUser } from './fetch-script';
import { findInstallation, type Installation } from './installation';
import { TUNNEL_KEY, TUNNEL_PASSWORD } from './issue-line';
import type { FieldValue, Piece, Recipe, Step } from './pieces';
import { appliedOf, keyOf, planOf, wordsOf, type Applied, type PlanItem } from './plan';
import { stepsOf } from './recipe';
import { parseVersion } from './version';
import { readWanted } from './wanted';

/** What a plan, or what was done of it, came to. */
export interface Provisioned {
  /** Before anything was done. */
  items: PlanItem[];
  /** Keys of what was carried out, each with what the router said if it refused. */
  done: { key: string; refused?: string }[];
  /** Read back afterwards: what still differs. */
  left: PlanItem[];
}
export type ProvisionOutcome =
  | { kind: 'done'; result: Provisioned }
  | { kind: 'failed'; fault: 'no_api' | 'unreachable' | 'unknown_version' | 'gone' | 'rotating' };

interface Kept {
  nasname: string;
  coa_port: number;
  api_username: string | null;
  api_password_enc: Buffer | null;
  way: 'direct' | 'tunnel';
  wanted: unknown;
  /** Its secrets are being replaced: its row of /radius is not as it should stay. */
  rotating: boolean;
  applied: Applied | null;
  tunnel_key_enc: Buffer | null;
  tunnel_password_enc: Buffer | null;
}
type InTenant = <T>(work: (ctx: Context) => Promise<T>) => Promise<T>;

/**
 * Compares a router with what it should have, and with `apply` makes it so: what is missing is added, what we have changed is changed, what somebody changed
 * by hand is left unless `overwrite` names it. Then it is read back. Holds no transaction while the router is asked.
 */
export async function runProvision(
  routerId: bigint,
  ask: { apply: boolean; overwrite: readonly string[] },
  inTenant: InTenant,
  helpers: JobHelpers,
  tools: TaskTools,
): Promise<ProvisionOutcome> {
  const { kept, installation, openHosts, open } = await inTenant(async (ctx) => ({
    kept: await keptOf(ctx, routerId),
    installation: await findInstallation(ctx),
    openHosts: await signInHosts(ctx, routerId),
    open: (name: string, sealed: Buffer | null) => (sealed ? ctx.secrets.open(name, ctx.tenantId, sealed) : ''),
  }));
  if (!kept || !installation) return { kind: 'failed', fault: 'gone' };
  if (kept.rotating) return { kind: 'failed', fault: 'rotating' };
  const { rows } = await helpers.query<{ secret: string }>('SELECT secret FROM provisioning_probe($1)', [
    routerId.toString(),
  ]);
  const outcome = await atRouter(
    { query: (sql, values) => helpers.query(sql, values) },
    tools,
    routerId,
    async (router) => {
      const resource = await router.ask(['/system/resource/print']);
      if (resource.kind !== 'done') return 'unreachable' as const;
      const version = parseVersion(resource.rows[0]?.['version'] ?? '');
      if (!version) return 'unknown_version' as const;
      const recipe: Recipe = {
        version,
        installation,
        way: kept.way,
        address: kept.nasname,
        sendsFrom: (await ownAddresses(router)).includes(kept.nasname) ? kept.nasname : undefined,
        coaPort: kept.coa_port,
        secret: rows[0]?.secret ?? '',
        tunnel: {
          privateKey: open(TUNNEL_KEY, kept.tunnel_key_enc),
          user: tunnelUser(routerId),
          password: open(TUNNEL_PASSWORD, kept.tunnel_password_enc),
        },
        api: { username: kept.api_username ?? '', password: open(API_PASSWORD, kept.api_password_enc) },
        wanted: readWanted(kept.wanted),
        openHosts,
      };
      return carryOut(router, await resolved(stepsOf(recipe), installation), kept.applied ?? {}, ask);
    },
  );
  if (outcome === undefined) return { kind: 'failed', fault: 'no_api' };
  if (typeof outcome === 'string') return { kind: 'failed', fault: outcome };
  if (ask.apply)
    await inTenant(
      (ctx) => ctx.tx.$executeRaw`
      UPDATE provisioning_router SET applied = ${JSON.stringify(outcome.applied)}::jsonb, updated_at = lango_now() WHERE nas_id = ${routerId}`,
    );
  return { kind: 'done', result: outcome.result };
}

async function carryOut(
  router: RouterAtHand,
  steps: Step[],
  applied: Applied,
  { apply, overwrite }: { apply: boolean; overwrite: readonly string[] },
): Promise<{ result: Provisioned; applied: Applied }> {
  const items = planOf(steps, await readMenus(router, steps), applied);
  const done: Provisioned['done'] = [];
  const pieces = steps.flatMap((step) => step.pieces);
  for (const item of apply ? items : []) {
    if (item.action === 'by_hand' && !overwrite.includes(item.key)) continue;
    const piece = pieces.find((one) => one.kind !== 'service' && keyOf(one) === item.key);
    if (!piece) continue;
    const answer = await router.ask(await placed(router, piece, item));
    done.push({
      key: item.key,
      ...(answer.kind === 'done' ? {} : { refused: answer.kind === 'refused' ? answer.message : answer.kind }),
    });
  }
  const left = apply ? planOf(steps, await readMenus(router, steps), applied) : items;
  // What is as it should be now counts as told by us; what was left by hand stays what we told before.
  const open = new Set(left.map(({ key }) => key));
  const now = Object.fromEntries(Object.entries(appliedOf(steps)).filter(([key]) => !open.has(key)));
  return { result: { items, done, left }, applied: { ...applied, ...now } };
}

/** A rule that must stand before the operator's own says before which. */
async function placed(router: RouterAtHand, piece: Piece, item: PlanItem): Promise<string[]> {
  const words = wordsOf(item, piece);
  if (piece.kind !== 'row' || !piece.first || item.action !== 'add') return words;
  const rows = await rowsOf(router, piece.menu);
  const anchor = rows.find((row) => row['dynamic'] !== 'true' && !(row['comment'] ?? '').startsWith('lango: '));
  return anchor?.['.id'] ? [...words, `=place-before=${anchor['.id']}`] : words;
}

async function readMenus(router: RouterAtHand, steps: readonly Step[]): Promise<Map<string, readonly Row[]>> {
  const menus = new Set(
    steps.flatMap(({ pieces }) => pieces.flatMap((piece) => (piece.kind === 'service' ? [] : [piece.menu]))),
  );
  const found = new Map<string, readonly Row[]>();
  for (const menu of menus) found.set(menu, await rowsOf(router, menu));
  return found;
}

async function rowsOf(router: RouterAtHand, menu: string): Promise<readonly Row[]> {
  const answer = await router.ask([`${menu}/print`]);
  return answer.kind === 'done' ? answer.rows : [];
}

async function ownAddresses(router: RouterAtHand): Promise<string[]> {
  return (await rowsOf(router, '/ip/address')).map((row) => (row['address'] ?? '').replace(/\/.*/, ''));
}

/** Names of hosts as addresses: the API, unlike a script, looks none up. */
async function resolved(steps: readonly Step[], { host }: Installation): Promise<Step[]> {
  const address = isIP(host)
    ? host
    : await lookup(host, 4).then(
        (found) => found.address,
        () => host,
      );
  const value = (one: FieldValue): FieldValue => (typeof one === 'string' ? one : address);
  const fields = (all: Readonly<Record<string, FieldValue>>) =>
    Object.fromEntries(Object.entries(all).map(([name, one]) => [name, value(one)]));
  return steps.map((step) => ({
    ...step,
    pieces: step.pieces.map((piece): Piece =>
      piece.kind === 'row' || piece.kind === 'settings' ? { ...piece, fields: fields(piece.fields) } : piece,
    ),
  }));
}

async function keptOf(ctx: Context, routerId: bigint): Promise<Kept | undefined> {
  const [kept] = await ctx.tx.$queryRaw<Kept[]>`
    SELECT n.nasname, n.coa_port, n.api_username, n.api_password_enc, coalesce(p.way, 'direct') AS way, p.wanted, p.applied, p.tunnel_key_enc, p.tunnel_password_enc,
           EXISTS (SELECT FROM rotation_run w WHERE w.nas_id = n.id AND w.state = 'running') AS rotating
    FROM nas n LEFT JOIN provisioning_router p ON p.nas_id = n.id WHERE n.id = ${routerId}`;
  return kept;
}
