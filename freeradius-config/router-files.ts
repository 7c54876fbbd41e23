import { execFile } from 'node:child_process';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Freeradius } from './detect';
import { replaceFile, type FreeradiusPlaces } from './generate';

/** A router as FreeRADIUS must know it. */
export interface RouterEntry {
  address: string;
  secret: string;
  name: string;
}

const run = promisify(execFile);

/** The files from which FreeRADIUS learns its routers, one per address, and the way to make it forget what it learned before. */
export class RouterFiles {
  constructor(
    private readonly places: FreeradiusPlaces,
    private readonly freeradius: Freeradius,
    private readonly owner?: { uid: number; gid: number },
  ) {}

  /**
   * Makes the files agree with `routers` and drops each changed or removed one from the running server's memory.
   * Gives the addresses that changed. A server that is not running has nothing to forget: it reads the files when it starts.
   */
  async agree(routers: readonly RouterEntry[]): Promise<string[]> {
    const wanted = new Map(routers.map((router) => [router.address, render(router)]));
    const changed: string[] = [];
    for (const [address, text] of wanted) {
      if (this.read(address) === text) continue;
      replaceFile(join(this.places.nasDir, address), text, this.owner);
      changed.push(address);
    }
    for (const name of readdirSync(this.places.nasDir)) {
      // A draft that a killed watcher left, or a router that is gone.
      if (wanted.has(name)) continue;
      rmSync(join(this.places.nasDir, name), { force: true });
      changed.push(name);
    }
    await this.forget(changed);
    return changed;
  }

  private read(address: string): string | undefined {
    try {
      return readFileSync(join(this.places.nasDir, address), 'utf8');
    } catch {
      return undefined;
    }
  }

  /** Clients that FreeRADIUS made from a file stay in its memory for a day, so each is taken out by name. */
  private async forget(addresses: readonly string[]): Promise<void> {
    for (let at = 0; at < addresses.length; at += 100) {
      const commands = addresses.slice(at, at + 100).flatMap((address) => ['-e', `del client ipaddr ${address}`]);
      await run(this.freeradius.radmin, ['-f', this.places.controlSocket, ...commands], { timeout: 5000 }).catch(
        // It does not know this client yet, or does not run: either way there is nothing to forget.
        () => undefined,
      );
    }
  }
}

/** Single quotes: nothing in them is expanded, and a backslash is itself unless a quote follows (which is why the API refuses backslashes). */
const quoted = (value: string): string => `'${value.replaceAll("'", "\\'")}'`;

function render({ address, secret, name }: RouterEntry): string {
  const family = address.includes(':') ? 'ipv6addr' : 'ipaddr';
  // Whether a request must be signed is decided by aaa_authorize, which knows the router's policy and history.
  return [
    `client ${address} {`,
    `\t${family} = ${address}`,
    `\tsecret = ${quoted(secret)}`,
    `\tshortname = ${quoted(name.replace(/[^\w. -]/g, '_'))}`,
    '\trequire_message_authenticator = no',
    '}',
    '',
  ].join('\n');
}
