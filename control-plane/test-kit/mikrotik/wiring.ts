import { parseDuration } from '../../../radius/routeros';
import { realClock } from './clock';
import type { CoaStatistics } from './coa-server';
import { RouterConfig } from './config';
import type { RadiusRow, RouterOptions } from './options';
import type { ApiPolicy, ApiUser } from './api-server';
import { profileOf } from './profile';
import type { RadiusStatistics } from './radius-client';
import type { RouterIdentity } from './requests';

const POLICIES: readonly ApiPolicy[] = [
  'api',
  'read',
  'write',
  'test',
  'ftp',
  'sensitive',
  'policy',
  'reboot',
  'password',
];

/** What a router of these options has configured when it starts. */
export function configOf(options: RouterOptions): RouterConfig {
  const config = new RouterConfig({
    version: options.version ?? '7.18',
    identity: options.identity,
    clock: options.clock ?? realClock,
    address: options.address,
    ...options.system,
  });
  for (const row of options.servers)
    config.plant('/radius', {
      service: (row.services ?? ['ppp', 'hotspot']).join(','),
      address: row.address,
      secret: row.secret ?? options.secret,
      'authentication-port': String(row.authPort),
      'accounting-port': String(row.acctPort),
      timeout: `${options.timeout_ms ?? 3000}ms`,
      realm: options.realm ?? '',
    });
  if (options.servers.length > 0) {
    const interim_s = options.pppoe?.interim_s ?? 0;
    void config.run('/ppp/aaa/set', { 'use-radius': 'yes', 'interim-update': `${interim_s}s` });
  }
  void config.run('/radius/incoming/set', { accept: options.incoming?.accept === false ? 'no' : 'yes' });
  for (const user of options.api?.users ?? []) addUser(config, user);
  if (options.api?.tls) void config.run('/ip/service/enable', { numbers: 'api-ssl' });
  return config;
}

function addUser(config: RouterConfig, { name, password, policies = POLICIES }: ApiUser): void {
  const group = policies.length === POLICIES.length ? 'full' : `of-${name}`;
  if (group !== 'full') config.plant('/user/group', { name: group, policy: policies.join(',') });
  config.uproot('/user', config.find('/user', { name })?.['.id'] ?? '');
  config.plant('/user', { name, password, group });
}

/** The rows of /radius that are enabled, as the RADIUS client takes them. */
export function radiusRows(config: RouterConfig): RadiusRow[] {
  return config
    .rows('/radius')
    .filter((row) => row['disabled'] !== 'true')
    .map((row) => ({
      address: row['address'] ?? '',
      authPort: Number(row['authentication-port']),
      acctPort: Number(row['accounting-port']),
      secret: row['secret'] ?? '',
      services: (row['service'] ?? '').split(',').filter((service) => service !== ''),
      timeout_ms: milliseconds(row['timeout']),
      ...(row['src-address'] !== '0.0.0.0' && { sourceAddress: row['src-address'] ?? '' }),
    }));
}

function milliseconds(text: string | undefined): number {
  const ms = Number(/(\d+)ms/.exec(text ?? '')?.[1] ?? 0);
  return ms + (parseDuration((text ?? '').replace(/\d+ms/, '')) ?? 0) * 1000;
}

/** Who may log in to the API, by `/user` and the groups as they are now. */
export function apiUsers(config: RouterConfig): ApiUser[] {
  return config
    .rows('/user')
    .filter((row) => row['disabled'] !== 'true')
    .map(({ name = '', password = '', group }) => {
      const policy = (config.find('/user/group', { name: group ?? '' })?.['policy'] ?? '').split(',');
      return { name, password, policies: POLICIES.filter((one) => policy.includes(one)) };
    });
}

/** Counters as a monitor shows them: `badRequests` is `bad-requests`. */
export function countersOf(statistics: RadiusStatistics | CoaStatistics | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(statistics ?? {}).map(([name, count]) => [
      name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
      String(count),
    ]),
  );
}

/** What it says of itself in every request. */
export function identityOf(options: RouterOptions): RouterIdentity {
  return {
    identity: options.identity,
    nasIpAddress: options.nasIpAddress ?? options.address,
    realm: options.realm,
    profile: profileOf(options.version ?? '7.18'),
    calledStation: {
      pppoe: options.pppoe?.serviceName ?? 'isp',
      hotspot: options.hotspot?.serverName ?? 'hotspot1',
    },
    hotspotMacFormat: options.hotspot?.macFormat ?? 'XX:XX:XX:XX:XX:XX',
    hotspotPortType: options.hotspot?.nasPortType ?? 19,
    hotspotGateway: options.hotspot?.gateway ?? '10.65.0.1',
    sessionIdInPppoeRequest: options.pppoe?.sessionIdInAccessRequest ?? true,
  };
}
