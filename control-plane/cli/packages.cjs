'use strict';
/**
 * Installs the Debian packages Lango needs, saying which and why. Servers that such a package starts by itself are kept
 * from starting and from being enabled, but only where this run installed them: an operator's own server is left alone.
 */
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { withProgress, run } = require('./progress.cjs');

/** What each command needs: how to see that it is there, the Debian package, and the reason in words. */
const wanted = [
  {
    for: 'start',
    pkg: 'freeradius',
    why: 'answers logins',
    there: () => onPath('freeradius') || onPath('radiusd'),
    service: 'freeradius',
  },
  {
    for: 'start',
    pkg: 'freeradius-postgresql',
    why: 'lets FreeRADIUS ask Postgres',
    there: () => radiusModule('rlm_sql_postgresql.so'),
  },
  {
    for: 'start',
    pkg: 'sqlite3',
    why: 'writes what FreeRADIUS answers while Postgres is away',
    there: () => onPath('sqlite3'),
  },
  {
    for: 'start',
    pkg: 'util-linux',
    why: 'ties child processes to their parent',
    there: () => onPath('setpriv') && onPath('flock'),
  },
  {
    for: 'test',
    pkg: 'freeradius-utils',
    why: 'an independent RADIUS client for the tests',
    there: () => onPath('radclient'),
  },
  {
    for: 'test',
    pkg: 'postgresql-client',
    why: 'writes and reads backups',
    there: () => onPath('pg_dump'),
  },
  {
    for: 'test',
    pkg: 'wireguard-tools',
    why: 'our end of the tunnels, as an operator keeps it',
    there: () => onPath('wg'),
  },
  {
    for: 'test',
    pkg: 'wireguard-go',
    why: 'WireGuard where the kernel has none',
    there: () => onPath('wireguard-go'),
  },
  { for: 'test', pkg: 'chromium', why: 'the tests use the console as a person would', there: () => onPath('chromium') },
  {
    for: 'test',
    pkg: 'fonts-dejavu-core',
    why: 'letters in screenshots',
    there: () => fs.existsSync('/usr/share/fonts/truetype/dejavu'),
  },
  {
    for: 'test',
    pkg: 'ocserv',
    why: 'a network access server that the project did not write',
    there: () => onPath('ocserv'),
    service: 'ocserv',
  },
  { for: 'test', pkg: 'openconnect', why: 'its client', there: () => onPath('openconnect') },
  {
    for: 'test',
    pkg: 'radsecproxy',
    why: 'a RadSec client that the project did not write',
    there: () => onPath('radsecproxy'),
    service: 'radsecproxy',
  },
  { for: 'test', pkg: 'openssl', why: 'speaks TLS as a stranger would', there: () => onPath('openssl') },
  { for: 'test', pkg: 'eapoltest', why: 'an 802.1X device for the tests', there: () => onPath('eapol_test') },
  { for: 'test', pkg: 'iproute2', why: 'network namespaces for them', there: () => onPath('ip') },
];

function onPath(name) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && fs.existsSync(path.join(folder, name)));
}

function radiusModule(file) {
  const places = ['/usr/lib/freeradius', '/usr/lib64/freeradius', '/usr/local/lib', '/usr/local/lib/freeradius'];
  return places.some((place) => fs.existsSync(path.join(place, file)));
}

/** `test` and the other developer commands need what `start` needs, and more. */
function missingFor(command) {
  const kinds = command === 'start' ? ['start'] : ['start', 'test'];
  return wanted.filter((item) => kinds.includes(item.for) && !item.there());
}

/** Installs what is missing. Answers undefined when all is there, else one text for the operator with the remedy. */
async function ensurePackages(command, say) {
  const missing = missingFor(command);
  if (missing.length === 0) return undefined;
  const names = missing.map((item) => item.pkg);
  const byHand = `apt-get install -y --no-install-recommends ${names.join(' ')}`;
  if (!onPath('apt-get')) {
    return `Missing: ${names.join(', ')}. This system has no apt-get: install them by its own means (FreeRADIUS 3.2 with its PostgreSQL module), then run this again.`;
  }
  const sudo = sudoPrefix();
  if (!sudo) return `Missing: ${names.join(', ')}. Installing them needs root. Run once: sudo ${byHand}`;
  say('Installing Debian packages:');
  for (const item of missing) say(`  ${item.pkg.padEnd(24)}${item.why}`);
  return install(missing, names, sudo, byHand);
}

function sudoPrefix() {
  if (process.getuid() === 0) return [];
  const free = onPath('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  return free ? ['sudo', '-n'] : undefined;
}

async function install(missing, names, sudo, byHand) {
  const log = path.join(os.tmpdir(), `lango-apt-${process.pid}.log`);
  const as = (program, args) => {
    const line = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', program, ...args];
    return run(line[0], line.slice(1), { logFile: log });
  };
  const args = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...names];
  const release = holdServices(sudo);
  try {
    let result = await withProgress('downloading and installing', () => as('apt-get', args));
    if (result.code !== 0) {
      // Most often the lists are older than the archive, or were never fetched.
      await withProgress('fetching the package lists', () => as('apt-get', ['update', '-q']));
      result = await withProgress('downloading and installing', () => as('apt-get', args));
    }
    if (result.code !== 0)
      return `Could not install ${names.join(', ')}:\n${result.tail}\nRun it by hand to see more: ${byHand}`;
    disableServices(missing, sudo);
    return undefined;
  } finally {
    release();
    fs.rmSync(log, { force: true });
  }
}

/** While packages install, tells Debian to start no service (policy-rc.d); an existing policy is left as it is. */
function holdServices(sudo) {
  const policy = '/usr/sbin/policy-rc.d';
  if (fs.existsSync(policy)) return () => undefined;
  const asRoot = (line) =>
    spawnSync([...sudo, 'sh', '-c', line][0], [...sudo, 'sh', '-c', line].slice(1), { stdio: 'ignore' });
  asRoot(`printf '#!/bin/sh\\nexit 101\\n' > ${policy} && chmod 755 ${policy}`);
  const release = () => asRoot(`rm -f ${policy}`);
  const interrupted = () => {
    release();
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  return () => {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    release();
  };
}

/** Neither now nor after a reboot may the package's own server hold the port that Lango's needs. */
function disableServices(installed, sudo) {
  for (const { service } of installed) {
    if (!service) continue;
    const lines = [
      ['update-rc.d', service, 'disable'],
      ...(fs.existsSync('/run/systemd/system') ? [['systemctl', 'disable', '--now', service]] : []),
    ];
    for (const line of lines) spawnSync([...sudo, ...line][0], [...sudo, ...line].slice(1), { stdio: 'ignore' });
  }
}

module.exports = { ensurePackages, missingFor };
