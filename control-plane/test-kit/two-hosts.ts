import { execFileSync } from 'node:child_process';
import { Cable } from './cable';

/** One of two machines: a network namespace with an address of its own, and a cable of its own to Postgres. */
export interface TestHost {
  /** Of `ip netns`. */
  space: string;
  address: string;
  /** Its way to Postgres; unplugged or held, this host alone is without it. */
  cable: Cable;
  /** The database as this host reaches it. */
  databaseUrl: string;
}

/** Two machines that share nothing but Postgres and the network of the routers, which is the root namespace. */
export interface TwoHosts {
  hosts: readonly [TestHost, TestHost];
  /** An address that both hosts reach, for a simulated router. */
  routerAddress(n: number): string;
  /** Cuts a host off from everything, as when its power fails. */
  cutOff(host: TestHost): Promise<void>;
  reconnect(host: TestHost): Promise<void>;
  close(): Promise<void>;
}

const ip = (...words: string[]): void => void execFileSync('ip', words, { stdio: 'pipe' });
const quietly = (work: () => void): void => {
  try {
    work();
  } catch {
    // What is gone already needs no removing.
  }
};

/** Makes the namespaces. Needs root. @param databaseUrl as the root namespace reaches it */
export async function makeTwoHosts(databaseUrl: string): Promise<TwoHosts> {
  const net = process.pid % 250;
  const made: TestHost[] = [];
  const link = (n: number): string => `lgh${net}${'ab'[n]}`;
  const remove = async (): Promise<void> => {
    for (const [n, host] of made.entries()) {
      await host.cable.unplug();
      quietly(() => ip('link', 'delete', link(n)));
      quietly(() => ip('netns', 'delete', host.space));
    }
  };
  try {
    for (const n of [0, 1]) {
      const host = joinHost(link(n), `lgh${net}${'ab'[n]}`, `10.${246 + n}.${net}`);
      made.push(host);
      host.databaseUrl = await host.cable.lay(databaseUrl);
    }
    for (let n = 10; n < 20; n++) ip('addr', 'add', `10.248.${net}.${n}/32`, 'dev', link(0));
  } catch (error) {
    await remove();
    throw error;
  }
  const linkOf = (host: TestHost): string => link(made.indexOf(host));
  return {
    hosts: made as unknown as readonly [TestHost, TestHost],
    routerAddress: (n) => `10.248.${net}.${10 + n}`,
    async cutOff(host) {
      await host.cable.unplug();
      ip('-n', host.space, 'link', 'set', 'uplink', 'down');
    },
    async reconnect(host) {
      ip('-n', host.space, 'link', 'set', 'uplink', 'up');
      ip('-n', host.space, 'route', 'replace', 'default', 'via', host.address.replace(/2$/, '1'));
      ip('link', 'set', linkOf(host), 'up');
      await host.cable.plug();
    },
    close: remove,
  };
}

function joinHost(link: string, space: string, prefix: string): TestHost {
  quietly(() => ip('link', 'delete', link));
  quietly(() => ip('netns', 'delete', space));
  ip('netns', 'add', space);
  ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'uplink', 'netns', space);
  ip('addr', 'add', `${prefix}.1/30`, 'dev', link);
  ip('link', 'set', link, 'up');
  ip('-n', space, 'addr', 'add', `${prefix}.2/30`, 'dev', 'uplink');
  for (const name of ['lo', 'uplink']) ip('-n', space, 'link', 'set', name, 'up');
  ip('-n', space, 'route', 'add', 'default', 'via', `${prefix}.1`);
  return { space, address: `${prefix}.2`, cable: new Cable(`${prefix}.1`), databaseUrl: '' };
}
