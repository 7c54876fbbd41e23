import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Enough of a process to tell later whether it still lives, also when its number has been given to another. */
export interface Owner {
  pid: number;
  /** Start time in clock ticks since boot: /proc/<pid>/stat, field 22. */
  started: string;
  boot: string;
  pidNamespace: string;
  host: string;
}

/** This process. */
export function ownOwner(): Owner {
  return {
    pid: process.pid,
    started: startedAt(process.pid) ?? '0',
    boot: readText('/proc/sys/kernel/random/boot_id'),
    pidNamespace: readLink('/proc/self/ns/pid'),
    host: hostname(),
  };
}

/** Whether the owner is certainly gone; undefined when it lives where we cannot look (another container) or nothing is known of it. */
export function isGone(owner: Partial<Owner>, self: Owner): boolean | undefined {
  if (owner.pid === undefined) return undefined;
  if (owner.boot !== self.boot) return owner.host === self.host ? true : undefined;
  if (owner.pidNamespace !== self.pidNamespace) return undefined;
  return startedAt(owner.pid) !== owner.started;
}

function startedAt(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold anything.
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
