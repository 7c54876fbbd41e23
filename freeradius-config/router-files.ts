import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Freeradius } from './detect';
import { replaceFile, type FreeradiusPlaces } from './generate';

/** A router as FreeRADIUS must know it: a row of aaa_routers(). */
export interface RouterEntry {
  address: string;
  secret: string;
  name: string;
  id: string;
  tenant_id: string;
  type: string;
  message_authenticator: string;
  company: string;
  /** Ids of other routers behind the same address, by the realm that tells them apart. */
  behind: Record<string, string> | null;
}

const run = promisify(execFile);

/** The files from which FreeRADIUS learns its routers, one per address, and the way to make it forget what it learned before. */
export class RouterFiles {
  /** Changed routers that the server may still hold as they were. */
  private readonly toForget = new Set<string>();

  constructor(
    private readonly places: FreeradiusPlaces,
    private readonly freeradius: Freeradius,
    private readonly owner?: { uid: number; gid: number },
  ) {}

  /**
   * Makes the files agree with `routers` and drops each changed or removed one from the running server's memory.
   * Gives the addresses that changed. What the server could not be told yet is told by forgetChanged.
   */
  async agree(routers: readonly RouterEntry[]): Promise<string[]> {
    const wanted = new Map(routers.filter(isWritable).map((router) => [router.address, render(router)]));
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
    for (const address of changed) this.toForget.add(address);
    await this.forgetChanged();
    return changed;
  }

  /** Whether the running server knows all routers as the files have them. */
  get told(): boolean {
    return this.toForget.size === 0;
  }

  /**
   * Clients that FreeRADIUS made from a file stay in its memory for a day, so each changed one is taken out by name. One that could not be told is
   * kept for the next time, also when no server runs: it may be starting, with the old file read already and its control socket not yet made.
   */
  async forgetChanged(): Promise<void> {
    while (this.toForget.size > 0 && existsSync(this.places.controlSocket)) {
      const addresses = [...this.toForget].slice(0, 100);
      const commands = addresses.flatMap((address) => [
        '-e',
        `del client ${address.includes(':') ? 'ipv6addr' : 'ipaddr'} ${address}`,
      ]);
      if (!(await this.tell(commands))) return;
      for (const address of addresses) this.toForget.delete(address);
    }
  }

  /** False when no server listened. */
  private async tell(commands: string[]): Promise<boolean> {
    try {
      await run(this.freeradius.radmin, ['-f', this.places.controlSocket, ...commands], { timeout: 5000 });
      return true;
    } catch (error) {
      // A router that has sent nothing yet is not in its memory; the other commands were carried out all the same.
      return /not dynamically defined|no such client/i.test(String((error as { stderr?: string }).stderr));
    }
  }

  private read(address: string): string | undefined {
    try {
      return readFileSync(join(this.places.nasDir, address), 'utf8');
    } catch {
      return undefined;
    }
  }
}

/**
 * Whether the secret can stand between single quotes, where a backslash is itself unless a quote follows, and a line ends the file's sense. The API
 * refuses others; one that came another way must not keep the whole server from starting, so that router stays unknown.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const isWritable = ({ secret }: RouterEntry): boolean => !/[\u0000-\u001f\u007f]|\\'|\\$/.test(secret);

/** Single quotes: nothing in them is expanded. */
const quoted = (value: string): string => `'${value.replaceAll("'", "\\'")}'`;

function render(router: RouterEntry): string {
  const { address, secret, name } = router;
  return [
    `client ${address} {`,
    `\t${address.includes(':') ? 'ipv6addr' : 'ipaddr'} = ${address}`,
    `\tsecret = ${quoted(secret)}`,
    `\tshortname = ${quoted(name.replace(/[^\w. -]/g, '_'))}`,
    // Whether a request must be signed is decided by aaa_authorize, which knows the router's history.
    '\trequire_message_authenticator = no',
    ...asks(router),
    `\tlango_router = ${Number(router.id)}`,
    `\tlango_tenant = ${Number(router.tenant_id)}`,
    `\tlango_type = ${quoted(router.type)}`,
    `\tlango_policy = ${quoted(router.message_authenticator)}`,
    `\tlango_company = ${quoted(router.company)}`,
    '}',
    '',
  ].join('\n');
}

/**
 * What is handed to aaa_authorize with each request. Behind a shared address it is found by the realm, or else the name, that the request carries (in hex,
 * because a stranger wrote it); who carries neither is the first of them. A router alone at its address costs no look at either.
 */
function asks(router: RouterEntry): string[] {
  const { tenant_id, type, message_authenticator, company, behind } = router;
  const line = (name: string, id: string): string =>
    `\t${name} = ${quoted([id, tenant_id, type, message_authenticator, company].join(' '))}`;
  if (!behind) return [line('lango_asks', router.id)];
  return [
    line('lango_asks_main', router.id),
    ...Object.entries(behind).map(([realm, id]) => line(`lango_asks_${Buffer.from(realm).toString('hex')}`, id)),
  ];
}
