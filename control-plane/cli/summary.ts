import { networkInterfaces } from 'node:os';
import type { Config } from '../platform/config';
import type { FirstStart } from './first-start';

export interface Started {
  config: Config;
  roles: readonly string[];
  first: FirstStart;
  demo: { email: string; password: string } | undefined;
  took_ms: number;
}

/** What `lango start` prints once everything serves. Colours only where a terminal shows them. */
export function summary(s: Started, colour: boolean): string {
  const paint = (code: string) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const bold = paint('1');
  const dim = paint('2');
  const green = paint('32');
  const row = (name: string, text: string): string => `   ${dim(name.padEnd(14))}${text}`;
  const lines = [
    '',
    `   ${green('╭─∩─╮')}  ${bold('Lango')} ${dim(`is open · ready in ${(s.took_ms / 1000).toFixed(1)} s`)}`,
    '',
    row('Console', bold(s.config.publicUrl)),
    ...signIn(s, bold, dim).map(([name, text]) => row(name, text)),
  ];
  if (s.demo)
    lines.push(
      row('Demo ISP', `${s.demo.email} · ${bold(s.demo.password)} ${dim('· fifty customers on a simulated MikroTik')}`),
    );
  if (s.roles.includes('freeradius') || s.roles.includes('accounting')) lines.push('', ...radius(s.config, row, dim));
  lines.push('', row('Health', 'npx lango doctor'), row('Logs', `${s.config.dataDir}/logs`), row('Stop', 'Ctrl-C'), '');
  return lines.join('\n');
}

type Paint = (text: string) => string;

function signIn(s: Started, bold: Paint, dim: Paint): [string, string][] {
  if (s.first.kind === 'done_before')
    return [['Sign in', `${s.config.adminEmail} ${dim('· forgotten? npx lango admin create')}`]];
  const secret = s.first.generated
    ? `${bold(s.first.password)} ${dim('· shown this once, note it down')}`
    : dim('as set in LANGO_ADMIN_PASSWORD');
  return [
    ['Sign in', bold(s.first.email)],
    ['Password', secret],
  ];
}

function radius(config: Config, row: (name: string, text: string) => string, dim: Paint): string[] {
  const address = config.bind === '0.0.0.0' || config.bind === '::' ? (ownAddress() ?? '<this machine>') : config.bind;
  return [
    row('RADIUS', `authentication ${config.authPort}/udp · accounting ${config.acctPort}/udp · on ${config.bind}`),
    row('MikroTik', dim('add it under Routers with a secret, then paste into its terminal:')),
    `     /radius add service=ppp,hotspot address=${address} secret=THE-SECRET authentication-port=${config.authPort} accounting-port=${config.acctPort} timeout=3s`,
    '     /radius incoming set accept=yes port=3799',
    '     /ppp aaa set use-radius=yes accounting=yes interim-update=5m',
    '     /ip hotspot profile set [find] use-radius=yes',
  ];
}

/** The first IPv4 address of this machine that others can reach. */
function ownAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find((address) => address.family === 'IPv4' && !address.internal)?.address;
}
