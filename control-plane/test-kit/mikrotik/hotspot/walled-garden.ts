import { BlockList, isIP } from 'node:net';
import type { Row } from '../../../../radius/routeros';
import type { RouterConfig } from '../config';

/** Where a device wants to go before it is let in. `path` is known of plain HTTP alone. */
export interface Wanted {
  host: string;
  port: number;
  method?: string;
  path?: string;
}

/** Whether the walled garden lets it through: the rules of packets first, then those of plain HTTP, which never see into TLS. */
export function isInGarden(config: RouterConfig, wanted: Wanted): boolean {
  const on = (row: Row): boolean => row['disabled'] !== 'true';
  const packet = config.rows('/ip/hotspot/walled-garden/ip').find((row) => on(row) && packetFits(row, wanted));
  if (packet) return packet['action'] === 'accept';
  if (wanted.path === undefined) return false;
  const rule = config.rows('/ip/hotspot/walled-garden').find((row) => on(row) && httpFits(row, wanted));
  return rule?.['action'] === 'allow';
}

function packetFits(row: Row, { host, port }: Wanted): boolean {
  const { 'dst-host': name = '', 'dst-address': net = '', 'dst-port': ports = '', protocol = '' } = row;
  if (name !== '' && name.toLowerCase() !== host.toLowerCase()) return false;
  if (net !== '' && !inNet(host, net)) return false;
  if (protocol !== '' && protocol !== 'tcp' && protocol !== '6') return false;
  return portFits(ports, port);
}

function httpFits(row: Row, { host, port, method = 'GET', path = '/' }: Wanted): boolean {
  const { 'dst-host': name = '', 'dst-port': ports = '', method: only = '', path: below = '' } = row;
  return (
    (name === '' || pattern(name).test(host)) &&
    portFits(ports, port) &&
    (only === '' || only.toUpperCase() === method) &&
    (below === '' || pattern(below).test(path))
  );
}

function portFits(ports: string, port: number): boolean {
  if (ports === '') return true;
  return ports.split(',').some((one) => {
    const [from = '', to = from] = one.split('-');
    return port >= Number(from) && port <= Number(to);
  });
}

/** The whole text must fit: `*` and `?`, or after a colon a regular expression. */
function pattern(text: string): RegExp {
  if (text.startsWith(':')) return new RegExp(text.slice(1), 'i');
  const escaped = text
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${escaped}$`, 'i');
}

function inNet(host: string, net: string): boolean {
  if (isIP(host) !== 4) return false;
  const [base = '', bits = '32'] = net.split('/');
  const list = new BlockList();
  list.addSubnet(base, Number(bits));
  return list.check(host);
}
