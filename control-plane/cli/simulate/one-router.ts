import { innerAddress } from '../../../radius/part';
import type { Config } from '../../platform/config';
import { SimulatedMikrotik, type RouterEvent } from '../../test-kit/mikrotik';
import { StartError } from '../start-error';
import { readOptions } from '../options';

const usage =
  'npx lango simulate --secret=ROUTER-SECRET --user=NAME:PASSWORD [--user=…] [--service=pppoe|hotspot] [--address=127.77.0.9] [--version=7.18] [--down-kbps=5000] [--up-kbps=1000]';
const versions = ['6.49', '7.14', '7.15', '7.18'] as const;

/**
 * `lango simulate --user=…`: a simulated MikroTik on this machine that logs the given users in at this Lango and keeps them online
 * until Ctrl-C. Add a router with the same address and secret in the console first.
 */
export async function simulateOne(config: Config, args: readonly string[]): Promise<void> {
  const options = readOptions(args, [
    'secret',
    'user',
    'service',
    'address',
    'version',
    'down-kbps',
    'up-kbps',
    'coa-port',
    'server',
  ]);
  const one = (name: string, otherwise: string): string => options.get(name)?.at(-1) ?? otherwise;
  const secret = one('secret', '');
  const users = options.get('user') ?? [];
  if (secret === '' || users.length === 0 || users.some((user) => !user.includes(':')))
    throw new StartError(`Use: ${usage}`);
  const version = versions.find((known) => known === one('version', '7.18'));
  if (!version) throw new StartError(`RouterOS versions: ${versions.join(', ')}.`);
  const traffic = { up_bps: Number(one('up-kbps', '1000')) * 1000, down_bps: Number(one('down-kbps', '5000')) * 1000 };
  const router = await SimulatedMikrotik.start({
    identity: 'simulated',
    address: one('address', '127.77.0.9'),
    secret,
    version,
    servers: [
      { address: one('server', innerAddress(config.bind)), authPort: config.authPort, acctPort: config.acctPort },
    ],
    incoming: { port: Number(one('coa-port', '3799')) },
  });
  router.events.on((event) => process.stdout.write(`${new Date().toISOString().slice(11, 19)}  ${tell(event)}\n`));
  for (const user of users) {
    const at = user.indexOf(':');
    const login = { username: user.slice(0, at), password: user.slice(at + 1), traffic, redial_ms: 10_000 };
    void (one('service', 'pppoe') === 'hotspot' ? router.connectHotspot(login) : router.connectPppoe(login));
  }
  await new Promise<void>((over) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => over());
  });
  await router.shutdown();
}

/** One line per event, as the router's own log would have it. */
function tell(event: RouterEvent): string {
  switch (event.kind) {
    case 'login':
      return `${event.username}: ${describe(event.outcome)}`;
    case 'accounting':
      return `${event.session?.username ?? 'router'}: ${event.status} ${event.outcome.kind}`;
    case 'ended':
      return `${event.session.username}: ended, ${event.cause}`;
    case 'coa':
      return `${event.session?.username ?? 'nobody'}: ${event.request ?? 'unknown request'} ${event.outcome.kind}`;
    case 'changed':
      return `${event.session.username}: changed ${Object.keys(event.change).join(', ')}`;
    case 'bad_reply':
      return `a reply was dropped: ${event.why}`;
    case 'reboot':
      return 'rebooted';
  }
}

function describe(outcome: Extract<RouterEvent, { kind: 'login' }>['outcome']): string {
  if (outcome.kind === 'rejected') return `rejected: ${outcome.messages.join(' ')}`;
  if (outcome.kind === 'failed') return `failed: ${outcome.reason}`;
  return outcome.kind === 'online' ? `online (session ${outcome.session.id})` : 'no answer';
}
