import type { SecretBox } from '../platform/crypto';
import { tunnelUser } from './fetch-script';
import { NO_COMPANY, TUNNEL_SERVER_KEY } from './installation';
import { TUNNEL_PASSWORD } from './issue-line';

/** Reads past row-level security: the tunnels end on one host, whosever the routers are. */
type Read = <Row extends object>(sql: string) => Promise<{ rows: Row[] }>;

interface Router {
  id: string;
  tenant_id: string;
  name: string;
  address: string;
  tunnel_public_key: string;
  tunnel_password_enc: Buffer;
}

const routersWith = async (read: Read, kind: 'wireguard' | 'sstp'): Promise<Router[]> =>
  (
    await read<Router>(
      `SELECT n.id::text, p.tenant_id::text, n.name, host(p.tunnel_address) AS address, p.tunnel_public_key, p.tunnel_password_enc
       FROM provisioning_router p JOIN nas n ON n.id = p.nas_id
       WHERE p.way = 'tunnel' AND coalesce(p.tunnel_kind, '${kind}') = '${kind}' ORDER BY p.tunnel_address`,
    )
  ).rows;

/** What `wg syncconf` takes: our key and port, and a peer for each router, which may use its own address alone. @throws before the first `lango start` */
export async function wireguardFile(read: Read, secrets: SecretBox): Promise<string> {
  const [own] = (
    await read<{ tunnel_port: number; tunnel_key_enc: Buffer }>(
      'SELECT tunnel_port, tunnel_key_enc FROM provisioning_installation',
    )
  ).rows;
  if (!own) throw new Error('There is no key for the tunnels yet. Run lango start once.');
  const peers = (await routersWith(read, 'wireguard')).map(
    ({ id, name, address, tunnel_public_key: key }) =>
      `\n# ${tunnelUser(BigInt(id))} ${name}\n[Peer]\nPublicKey = ${key}\nAllowedIPs = ${address}/32\n`,
  );
  const key = secrets.open(TUNNEL_SERVER_KEY, NO_COMPANY, own.tunnel_key_enc);
  return `[Interface]\nPrivateKey = ${key}\nListenPort = ${own.tunnel_port}\n${peers.join('')}`;
}

/** A peer as our interface shows it. */
export interface TunnelSeen {
  publicKey: string;
  /** `192.0.2.1:51820`, where its packets come from; null: never heard. */
  endpoint: string | null;
  /** Seconds since 1970 at which both ends last agreed on a key; null: never. */
  handshake_s: number | null;
}

/** Writes down what the interface shows of each router's tunnel. `run` works past row-level security. */
export async function noteTunnels(
  run: (sql: string, values: unknown[]) => Promise<unknown>,
  seen: readonly TunnelSeen[],
): Promise<void> {
  await run(
    `INSERT INTO provisioning_tunnel AS t (nas_id, tenant_id, handshake_at, endpoint)
     SELECT p.nas_id, p.tenant_id, to_timestamp(s.at), s.endpoint
     FROM unnest($1::text[], $2::text[], $3::float8[]) AS s (key, endpoint, at) JOIN provisioning_router p ON p.tunnel_public_key = s.key
     ON CONFLICT (nas_id) DO UPDATE SET handshake_at = coalesce(excluded.handshake_at, t.handshake_at), endpoint = coalesce(excluded.endpoint, t.endpoint),
       seen_at = lango_now()`,
    [
      seen.map(({ publicKey }) => publicKey),
      seen.map(({ endpoint }) => endpoint),
      seen.map(({ handshake_s }) => handshake_s),
    ],
  );
}

/** A chap-secrets file, as accel-ppp and pppd read it: each router with its password and its one address. */
export async function chapSecretsFile(read: Read, secrets: SecretBox): Promise<string> {
  const lines = (await routersWith(read, 'sstp')).map(({ id, tenant_id, address, tunnel_password_enc: sealed }) => {
    const password = secrets.open(TUNNEL_PASSWORD, BigInt(tenant_id), sealed);
    return `"${tunnelUser(BigInt(id))}" * "${password}" ${address}\n`;
  });
  return lines.join('');
}
