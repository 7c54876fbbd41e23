import { ConfigError, loadConfig, type Config } from '../platform/config';
import { nearestName } from '../platform/nearest-name';
import { StartError } from './start-error';

interface Command {
  does: string;
  run(config: Config, args: readonly string[]): Promise<void>;
}

/** Each command and its module, loaded when it is asked for. Two-word commands are written with their space. */
const commands: Record<string, Command> = {
  start: {
    does: 'start everything and keep it running; --roles=web,jobs,… for some',
    run: async (c, a) => (await import('./start.js')).start(c, a),
  },
  doctor: { does: 'look at each part and say what to do', run: async (c) => (await import('./doctor.js')).doctor(c) },
  migrate: {
    does: 'bring the database to this version',
    run: async (c) => (await import('./migrate.js')).migrateCommand(c),
  },
  'admin create': {
    does: 'a new administrator, or a new password for one: --email= --name= --company= --super',
    run: async (c, a) => (await import('./admin-create.js')).adminCreate(c, a),
  },
  backup: {
    does: 'everything that cannot be made again, in one file: --to=FILE',
    run: async (c, a) => (await import('./backup/index.js')).backup(c, a),
  },
  restore: {
    does: 'a backup into an empty database, with proof: --from=FILE',
    run: async (c, a) => (await import('./backup/index.js')).restore(c, a),
  },
  'tenant-reader make': {
    does: 'a read-only database login for a company’s own FreeRADIUS, or a new password for it: --company=',
    run: async (c, a) => (await import('./tenant-reader.js')).tenantReaderMake(c, a),
  },
  'tenant-reader remove': {
    does: 'take that login away: --company=',
    run: async (c, a) => (await import('./tenant-reader.js')).tenantReaderRemove(c, a),
  },
  'tenant-reader list': {
    does: 'which companies have one',
    run: async (c) => (await import('./tenant-reader.js')).tenantReaderList(c),
  },
  simulate: {
    does: 'simulated MikroTiks: --routers= --subscribers= --api= --token= …, or --secret= --user=NAME:PASSWORD …',
    run: async (c, a) => (await import('./simulate/index.js')).simulate(c, a),
  },
  'tunnels wireguard': {
    does: 'the routers behind NAT, as wg syncconf takes them',
    run: async (c) => (await import('./tunnels.js')).tunnels(c, 'wireguard'),
  },
  'tunnels keep': {
    does: 'keep the WireGuard interface as the database has the routers: --interface=lango',
    run: async (c, a) => (await import('./tunnels.js')).tunnelsKeep(c, a),
  },
  'tunnels sstp': {
    does: 'the same for RouterOS 6: chap-secrets of the SSTP server',
    run: async (c) => (await import('./tunnels.js')).tunnels(c, 'sstp'),
  },
  'audit verify': {
    does: 'prove that nobody changed the audit trail',
    run: async (c) => (await import('./verify.js')).auditVerify(c),
  },
  bench: {
    does: 'measure beside stock FreeRADIUS SQL and hold the bars (exit code 1 when one is missed): --users N --seconds N --rounds N --json FILE; --only pages and others, each with options of its own',
    run: async (_c, a) => {
      process.exitCode = await (await import('./bench/index.js')).bench(a);
    },
  },
  prove: {
    does: 'the long proofs: --only NAME --seed N --minutes M --json FILE',
    run: async (_c, a) => {
      process.exitCode = await (await import('./prove/index.js')).prove(a);
    },
  },
  'ledger verify': { does: 'recompute every balance', run: async (c) => (await import('./verify.js')).ledgerVerify(c) },
};

/** Planned commands of the outside contract that this version does not have. */
const notYet: readonly string[] = ['import'];

/** Runs one command line. Faults are one sentence on stderr and exit code 1; nothing is printed twice. */
export async function main(args: readonly string[]): Promise<void> {
  outliveReaders();
  try {
    await dispatch(args);
  } catch (error) {
    if (!(error instanceof StartError || error instanceof ConfigError)) throw error;
    process.stderr.write(`\n${error.message}\n`);
    process.exitCode = 1;
    process.exit();
  }
}

/**
 * Who read our words may leave (`lango … | head`, a closed terminal), and a disk they go to may be full. A backup is then finished all the same, and an ISP goes
 * on; unheard, the first word that cannot be said would end everything.
 */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') process.exitCode = 1;
    });
}

async function dispatch(args: readonly string[]): Promise<void> {
  const two = args.slice(0, 2).join(' ');
  const name = commands[two] ? two : (args[0] ?? 'help');
  const command = commands[name];
  if (command) return command.run(loadConfig(), args.slice(name.split(' ').length));
  if (name === 'help' || name === '--help' || name === '-h') return help();
  if (notYet.includes(name)) throw new StartError(`lango ${name} is not available in this version.`);
  throw new StartError(
    `Unknown command ${two}. Did you mean lango ${nearestName(two, Object.keys(commands))}? All commands: npx lango help`,
  );
}

function help(): void {
  const rows = Object.entries(commands).map(([name, { does }]) => `  lango ${name.padEnd(22)}${does}`);
  process.stdout.write(`${rows.join('\n')}\n`);
}

if (require.main === module) void main(process.argv.slice(2));
