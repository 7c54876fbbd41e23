import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { RouterPool, type ApiTarget } from '../../../radius/routeros';
import { SimulatedMikrotik, type ApiUser } from './index';
import type { RouterOsVersion } from './profile';

/**
 * A client of the RouterOS API that shares no line with radius/routeros nor with the simulated server: written from the manual, octet by octet,
 * so that both sides of ours are held to the protocol and not only to each other.
 */
class PlainClient {
  private readonly octets: number[] = [];
  private woken: () => void = () => undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (data: Buffer) => {
      this.octets.push(...data);
      this.woken();
    });
    socket.on('error', () => undefined);
  }

  static async open(host: string, port: number): Promise<PlainClient> {
    const socket = connect(port, host);
    await new Promise<void>((resolve, reject) => socket.once('connect', () => resolve()).once('error', reject));
    return new PlainClient(socket);
  }

  say(...words: string[]): void {
    for (const word of [...words, '']) {
      const bytes = Buffer.from(word);
      const n = bytes.length;
      if (n < 128) this.socket.write(Buffer.from([n]));
      else this.socket.write(Buffer.from([0x80 + Math.floor(n / 256), n % 256]));
      this.socket.write(bytes);
    }
  }

  async hear(): Promise<string[]> {
    const words: string[] = [];
    for (;;) {
      const first = await this.next();
      const length = first < 128 ? first : (first % 64) * 256 + (await this.next());
      if (length === 0) return words;
      const bytes: number[] = [];
      while (bytes.length < length) bytes.push(await this.next());
      words.push(Buffer.from(bytes).toString());
    }
  }

  /** Sentences up to and with `!done`. */
  async all(...words: string[]): Promise<string[][]> {
    this.say(...words);
    const heard: string[][] = [];
    do heard.push(await this.hear());
    while (heard.at(-1)?.[0] !== '!done');
    return heard;
  }

  close(): void {
    this.socket.destroy();
  }

  private async next(): Promise<number> {
    while (this.octets.length === 0) await new Promise<void>((resolve) => (this.woken = resolve));
    return this.octets.shift() ?? 0;
  }
}

const users: ApiUser[] = [
  { name: 'lango', password: 'geheim' },
  { name: 'looker', password: 'geheim', policies: ['api', 'read'] },
];
let router: SimulatedMikrotik;
let clients: PlainClient[] = [];
afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await router.close();
});

const start = async (version: RouterOsVersion, login: 'plain' | 'challenge' = 'plain'): Promise<void> => {
  router = await SimulatedMikrotik.start({
    identity: 'tower-1',
    address: '127.77.9.1',
    secret: 'x',
    servers: [],
    version,
    accountingOn: false,
    api: { users, login },
  });
};
const enter = async (name = 'lango'): Promise<PlainClient> => {
  const client = await PlainClient.open(router.address, router.api.port);
  clients.push(client);
  expect(await client.all('/login', `=name=${name}`, '=password=geheim')).toEqual([['!done']]);
  return client;
};

test('an independent client: both logins, tags, !empty by version, traps, .proplist and queries', async () => {
  await start('7.18');
  const client = await enter();
  expect(await client.all('/ip/pool/print', '.tag=7')).toEqual([
    ['!empty', '.tag=7'],
    ['!done', '.tag=7'],
  ]);
  expect(await client.all('/ip/pool/add', '=name=isp', '=ranges=10.0.0.2-10.0.0.9')).toEqual([['!done', '=ret=*1']]);
  expect(await client.all('/ip/pool/print', '=.proplist=name', '?name=isp')).toEqual([['!re', '=name=isp'], ['!done']]);
  expect(await client.all('/ip/pool/add', '=name=b', '=nonsense=1')).toEqual([
    ['!trap', '=message=unknown parameter nonsense'],
    ['!done'],
  ]);
  expect(await client.all('/system/identity/print')).toEqual([['!re', '=name=tower-1'], ['!done']]);
  const long = 'x'.repeat(300);
  await client.all('/system/identity/set', `=name=${long}`);
  expect(router.config.settings('/system/identity')['name']).toBe(long);
  await router.close();

  await start('6.49', 'challenge');
  const old = await PlainClient.open(router.address, router.api.port);
  clients.push(old);
  const [[, ret = ''] = []] = await old.all('/login');
  const proof = createHash('md5').update(
    Buffer.concat([Buffer.of(0), Buffer.from('geheim'), Buffer.from(ret.slice(5), 'hex')]),
  );
  expect(await old.all('/login', '=name=lango', `=response=00${proof.digest('hex')}`)).toEqual([['!done']]);
  expect(await old.all('/ip/pool/print')).toEqual([['!done']]);
});

test('listen tells every change until it is cancelled; the rest of the connection goes on', async () => {
  await start('7.18');
  const client = await enter();
  client.say('/ip/pool/listen', '.tag=l');
  await client.all('/ip/pool/add', '=name=isp', '=ranges=10.0.0.2-10.0.0.9', '.tag=a').then((heard) =>
    expect(heard).toEqual([
      ['!re', '=.id=*1', '=name=isp', '=ranges=10.0.0.2-10.0.0.9', '.tag=l'],
      ['!done', '=ret=*1', '.tag=a'],
    ]),
  );
  client.say('/ip/pool/remove', '=.id=*1', '.tag=r');
  expect([await client.hear(), await client.hear()]).toEqual([
    ['!re', '=.id=*1', '=.dead=true', '.tag=l'],
    ['!done', '.tag=r'],
  ]);
  client.say('/cancel', '=tag=l', '.tag=c');
  expect([await client.hear(), await client.hear(), await client.hear()]).toEqual([
    ['!trap', '=category=2', '=message=interrupted', '.tag=l'],
    ['!done', '.tag=l'],
    ['!done', '.tag=c'],
  ]);
});

test('what a user may: writing and secrets by the policies of his group, the door by /ip service', async () => {
  await start('7.15');
  await router.config.run('/radius/add', { address: '10.0.0.1', secret: 'hush-hush' });
  const looker = await enter('looker');
  const [row = []] = await looker.all('/radius/print', '=.proplist=secret');
  expect(row).toEqual(['!re', '=secret=*****']);
  expect(await looker.all('/ip/pool/add', '=name=a', '=ranges=10.0.0.1')).toEqual([
    ['!trap', '=message=not enough permissions (9)'],
    ['!done'],
  ]);
  const lango = await enter();
  expect((await lango.all('/radius/print', '=.proplist=secret'))[0]).toEqual(['!re', '=secret=hush-hush']);
  // A user that a script has made may log in at once, by the rights of his group.
  await lango.all('/user/group/add', '=name=few', '=policy=api,read');
  await lango.all('/user/add', '=name=new', '=group=few', '=password=geheim');
  expect((await (await enter('new')).all('/system/identity/print'))[0]?.[0]).toBe('!re');
  await lango.all('/ip/service/set', '=numbers=api', '=address=10.9.0.0/24');
  const pool = new RouterPool({ timeout_ms: 4000 });
  const target: ApiTarget = {
    address: router.address,
    port: router.api.port,
    username: 'lango',
    password: 'geheim',
    tls: false,
  };
  expect((await pool.run(target, ['/system/identity/print'])).kind).toBe('unreachable');
  await router.config.run('/ip/service/set', { numbers: 'api', address: '10.9.0.0/24,127.0.0.0/8' });
  expect((await pool.run(target, ['/system/identity/print'])).kind).toBe('done');
  pool.close();
});

test('what is configured acts: the incoming port opens where it is told to, the name is sent', async () => {
  await start('7.18');
  const before = router.coaPort;
  await router.config.run('/radius/incoming/set', { port: '23799' });
  await router.idle();
  expect([router.coaPort, before === 23_799]).toEqual([23_799, false]);
  await router.config.run('/radius/incoming/set', { accept: 'no' });
  await router.idle();
  expect(() => router.coaPort).toThrow('accept=no');
});
