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

/** A chap-secrets file, as accel-ppp and pppd read it: each router with its password and its one address. */
export async function chapSecretsFile(read: Read, secrets: SecretBox): Promise<string> {
  const lines = (await routersWith(read, 'sstp')).map(({ id, tenant_id, address, tunnel_password_enc: sealed }) => {
    const password = secrets.open(TUNNEL_PASSWORD, BigInt(tenant_id), sealed);
    return `"${tunnelUser(BigInt(id))}" * "${password}" ${address}\n`;
  });
  return lines.join('');
}
