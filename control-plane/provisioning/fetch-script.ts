import { randomBytes } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { changeRouter } from '../routers';
import { signInHosts } from '../sites';
import { findInstallation } from './installation';
import { TUNNEL_KEY, TUNNEL_PASSWORD } from './issue-line';
import { appliedOf } from './plan';
import { stepsOf } from './recipe';
import { renderScript } from './render-script';
import type { Recipe } from './pieces';
import { atLeast, parseVersion } from './version';
import { readWanted } from './wanted';

export type ScriptOutcome = { kind: 'done'; script: string } | { kind: 'unknown_version' } | { kind: 'gone' };

interface Row {
  name: string;
  nasname: string;
  coa_port: number;
  way: 'direct' | 'tunnel';
  wanted: unknown;
  tunnel_key_enc: Buffer | null;
  tunnel_password_enc: Buffer | null;
}

/** The API's user on the router; its password is new with each script. */
export const API_USERNAME = 'lango';

/**
 * The script for the router that asks with a good word: it brings a RADIUS secret and an API password that nobody has seen, which act here from now on
 * and there as soon as it is imported. Asked again, it brings others.
 */
export async function fetchScript(
  ctx: Context,
  routerId: bigint,
  word: string,
  version: string,
  from: string,
): Promise<ScriptOutcome> {
  const parsed = parseVersion(version);
  if (!parsed) return { kind: 'unknown_version' };
  const [router] = await ctx.tx.$queryRaw<Row[]>`
    SELECT n.name, n.nasname, n.coa_port, p.way, p.wanted, p.tunnel_key_enc, p.tunnel_password_enc
    FROM nas n JOIN provisioning_router p ON p.nas_id = n.id WHERE n.id = ${routerId} FOR UPDATE OF p`;
  const installation = await findInstallation(ctx);
  if (!router || !installation) return { kind: 'gone' };
  const secret = randomBytes(24).toString('base64url');
  const api = { username: API_USERNAME, password: randomBytes(18).toString('base64url') };
  // The script sets all that a replacement under way would: what it brings counts.
  await ctx.tx
    .$executeRaw`UPDATE rotation_run SET state = 'superseded', api_password_enc = NULL, finished_at = ${ctx.now} WHERE nas_id = ${routerId} AND state = 'running'`;
  await changeRouter(ctx, routerId, {
    secret,
    api_username: api.username,
    api_password: api.password,
    api_port: null,
    api_tls: false,
    message_authenticator: atLeast(parsed, 7, 15) ? 'require' : 'auto',
  });
  const kind = atLeast(parsed, 7, 1) ? 'wireguard' : 'sstp';
  await ctx.tx.$executeRaw`
    UPDATE provisioning_router SET fetched_at = ${ctx.now}, fetched_from = ${from}::inet, fetched_version = ${version.slice(0, 40)}, finished_at = NULL,
      failed_step = NULL, failed_at = NULL, tunnel_kind = CASE WHEN way = 'tunnel' THEN ${kind} END, updated_at = ${ctx.now}
    WHERE nas_id = ${routerId}`;
  await recordAudit(ctx, 'provisioning.fetch', { type: 'nas', id: routerId }, { name: router.name, version, from });
  const open = (name: string, sealed: Buffer | null) => (sealed ? ctx.secrets.open(name, ctx.tenantId, sealed) : '');
  const recipe: Recipe = {
    version: parsed,
    installation,
    way: router.way,
    address: router.nasname,
    // A router that comes to us with its own address has it; behind a NAT before it, it would send nothing from an address it has not.
    sendsFrom:
      router.way === 'tunnel' || (isIPv4(router.nasname) && from === router.nasname) ? router.nasname : undefined,
    coaPort: router.coa_port,
    secret,
    tunnel: {
      privateKey: open(TUNNEL_KEY, router.tunnel_key_enc),
      user: tunnelUser(routerId),
      password: open(TUNNEL_PASSWORD, router.tunnel_password_enc),
    },
    api,
    wanted: readWanted(router.wanted),
    openHosts: await signInHosts(ctx, routerId),
  };
  // What the script says is what we told; a name of a host counts as it will be compared, by its address, only after the first plan.
  await ctx.tx
    .$executeRaw`UPDATE provisioning_router SET applied = ${JSON.stringify(appliedOf(stepsOf(recipe)))}::jsonb WHERE nas_id = ${routerId}`;
  return { kind: 'done', script: renderScript(recipe, `${installation.publicUrl}/provisioning/${word}`) };
}

/** A router's name at the SSTP server: no customer is called so. */
export const tunnelUser = (routerId: bigint): string => `lango-router-${routerId}`;
