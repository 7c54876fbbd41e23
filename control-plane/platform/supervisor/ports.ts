import { createSocket } from 'node:dgram';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';

/** A port that Lango is about to take. */
export interface WantedPort {
  protocol: 'tcp' | 'udp';
  address: string;
  port: number;
  /** The setting that changes it, named in the remedy. */
  setting: string;
  bindSetting: string;
  use: string;
}

/** One sentence with the remedy when the port cannot be had, else undefined. Takes it for a moment to find out. */
export async function portTrouble(wanted: WantedPort): Promise<string | undefined> {
  const code = await (wanted.protocol === 'tcp' ? tryTcp(wanted) : tryUdp(wanted));
  const name = `${wanted.protocol.toUpperCase()} port ${wanted.port} on ${wanted.address} (${wanted.use})`;
  switch (code) {
    case undefined:
      return undefined;
    case 'EADDRINUSE': {
      const holder = portHolder(wanted.protocol, wanted.port);
      const remedy = holder ? `Stop ${holder.name} (process ${holder.pid})` : 'Stop the program that holds it';
      return `${name} is taken${holder ? ` by ${holder.name}` : ''}. ${remedy} or set ${wanted.setting} to another port.`;
    }
    case 'EACCES':
      return `${name} may not be used by this user. Set ${wanted.setting} to a port above 1023, or start as root.`;
    case 'EADDRNOTAVAIL':
      return `${name} cannot be used: this machine has no address ${wanted.address}. Correct ${wanted.bindSetting}.`;
    default:
      return `${name} cannot be used (${code}). Check ${wanted.setting} and ${wanted.bindSetting}.`;
  }
}

function tryTcp(wanted: WantedPort): Promise<string | undefined> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    server.listen({ host: wanted.address, port: wanted.port, exclusive: true }, () =>
      server.close(() => done(undefined)),
    );
  });
}

function tryUdp(wanted: WantedPort): Promise<string | undefined> {
  return new Promise((done) => {
    const socket = createSocket({ type: wanted.address.includes(':') ? 'udp6' : 'udp4' });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      done(error.code ?? error.message);
    });
    socket.bind({ address: wanted.address, port: wanted.port, exclusive: true }, () =>
      socket.close(() => done(undefined)),
    );
  });
}

/** Which process holds a port, as far as /proc lets us see (all as root, else our own). */
export function portHolder(protocol: 'tcp' | 'udp', port: number): { pid: number; name: string } | undefined {
  const inodes = new Set([
    ...socketInodes(`/proc/net/${protocol}`, port),
    ...socketInodes(`/proc/net/${protocol}6`, port),
  ]);
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`)) {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
        if (inode !== undefined && inodes.has(inode)) {
          return { pid: Number(pid), name: readFileSync(`/proc/${pid}/comm`, 'utf8').trim() };
        }
      }
    } catch {
      // The process ended meanwhile, or is another user's.
    }
  }
  return undefined;
}

function socketInodes(table: string, port: number): string[] {
  try {
    const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    const rows = readFileSync(table, 'utf8').split('\n').slice(1);
    return rows.map((row) => row.trim().split(/\s+/)).flatMap((f) => (f[1]?.endsWith(suffix) && f[9] ? [f[9]] : []));
  } catch {
    return [];
  }
}
