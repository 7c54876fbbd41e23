import { createHash, randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { encodeSentence, SentenceReader, type Row } from '../../../radius/routeros';
import { matchesQuery } from './api-query';
import type { Command, Reply, RouterConfig } from './config';
import type { Faults } from './faults';

/** Policies of a user's group that matter here; `api` lets him log in at all. */
export type ApiPolicy = 'api' | 'read' | 'write' | 'test' | 'ftp' | 'sensitive' | 'policy' | 'reboot' | 'password';

export interface ApiUser {
  name: string;
  password: string;
  /** Default: all. */
  policies?: readonly ApiPolicy[];
}

/** A command of a menu: its rows, or the message of a `!trap`. */
export type ApiCommand = Command;
export type ApiReply = Reply;

export interface ApiServerOptions {
  address: string;
  port: number;
  users: readonly ApiUser[] | (() => readonly ApiUser[]);
  tls?: { key: string; cert: string } | undefined;
  /** `challenge` is the login of versions before 6.43. */
  login: 'plain' | 'challenge';
  /** 7.18 and later say `!empty` before `!done` when nothing was found. */
  saysEmpty: boolean;
  faults: Faults;
  /** What is configured on the router. */
  config?: RouterConfig;
  /** What there is besides, by its whole path, e.g. `/ppp/active/print`. */
  commands?: Readonly<Record<string, ApiCommand>>;
}

const ALL: readonly ApiPolicy[] = ['api', 'read', 'write', 'test', 'ftp', 'sensitive', 'policy', 'reboot', 'password'];

/** `/ip service api` (or api-ssl) of a simulated router: framing, both logins, tags, queries, traps and policies. */
export class ApiServer {
  /** Every command that was asked, whatever became of it; logins are not among them. */
  readonly asked: string[] = [];
  private down = false;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly options: ApiServerOptions,
  ) {}

  static async listen(options: ApiServerOptions): Promise<ApiServer> {
    const serve = (socket: Socket): void => api.accept(socket);
    const server = options.tls ? createTlsServer(options.tls, serve) : createServer(serve);
    const api = new ApiServer(server, options);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, options.address, resolve);
    });
    return api;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Connections there are now. */
  get connections(): number {
    return this.sockets.size;
  }

  /** Breaks every connection, as a reboot does. */
  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** The router is down: connections break off, and new ones too, until it is up again. */
  setDown(down: boolean): void {
    this.down = down;
    if (down) this.drop();
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private accept(socket: Socket): void {
    if (this.down || !this.mayEnter(socket.remoteAddress ?? '')) return void socket.destroy();
    this.sockets.add(socket);
    const reader = new SentenceReader();
    const session: ApiSession = { user: undefined, challenge: undefined, running: new Map() };
    socket.on('close', () => {
      this.sockets.delete(socket);
      for (const stop of session.running.values()) stop();
    });
    socket.on('error', () => undefined);
    socket.on('data', (data: Buffer) => {
      for (const words of reader.push(data)) void this.sentence(socket, session, words);
    });
  }

  private async sentence(socket: Socket, session: ApiSession, words: string[]): Promise<void> {
    const { faults } = this.options;
    const path = words[0] ?? '';
    const tag = words.find((word) => word.startsWith('.tag='));
    const say = (...reply: string[]): void => this.put(socket, tag === undefined ? reply : [...reply, tag]);
    if (path !== '/login') this.asked.push(path);
    if (faults.api === 'silent') return;
    if (faults.api === 'drop' && path !== '/login') return void socket.destroy();
    if (faults.apiDelay_ms > 0) await new Promise((resolve) => setTimeout(resolve, faults.apiDelay_ms));
    if (path === '/login') return this.login(session, argsOf(words), say);
    if (session.user === undefined) {
      say('!fatal', 'not logged in');
      socket.end();
      return;
    }
    if (path === '/cancel') return cancel(session, argsOf(words)['tag'], say);
    if (path.endsWith('/listen')) return this.listen(session, path, tag ?? '', say);
    const reply = await this.answer(session.user, path, words);
    if ('trap' in reply) say('!trap', `=message=${reply.trap}`);
    if ('rows' in reply) this.putRows(this.seenBy(session.user, path, reply.rows), words, say);
    if ('ret' in reply) say('!done', `=ret=${reply.ret}`);
    else say('!done');
  }

  private answer(user: ApiUser, path: string, words: string[]): ApiReply | Promise<ApiReply> {
    const { config } = this.options;
    const command = this.options.commands?.[path];
    if (command === undefined && config === undefined) return { trap: 'no such command' };
    const args = argsOf(words);
    const needs = policyOf(path, args);
    if (!(user.policies ?? ALL).includes(needs)) return { trap: 'not enough permissions (9)' };
    if (needs !== 'read' && this.options.faults.api === 'done_without_effect') return { done: true };
    if (command) return command(args, queriesOf(words));
    if (path === '/password' && config) return ownPassword(config, user.name, args);
    return config?.run(path, args, queriesOf(words)) ?? { trap: 'no such command' };
  }

  /** Whether `/ip service` lets this address in at all. */
  private mayEnter(from: string): boolean {
    const row = this.options.config?.find('/ip/service', { name: this.options.tls ? 'api-ssl' : 'api' });
    if (row === undefined) return true;
    const allowed = (row['address'] ?? '').split(',').filter((net) => net !== '');
    return row['disabled'] !== 'true' && (allowed.length === 0 || allowed.some((net) => contains(net, from)));
  }

  /** Secrets are shown as stars to who lacks the policy for them. */
  private seenBy(user: ApiUser, path: string, rows: Row[]): Row[] {
    const secret = this.options.config?.sensitive(path.slice(0, path.lastIndexOf('/'))) ?? [];
    if (secret.length === 0 || (user.policies ?? ALL).includes('sensitive')) return rows;
    return rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, secret.includes(name) && value !== '' ? '*****' : value]),
      ),
    );
  }

  /** Rows as they change, until it is cancelled. */
  private listen(session: ApiSession, path: string, tag: string, say: (...reply: string[]) => void): void {
    const { config } = this.options;
    if (config === undefined || !config.tree.hasCommand(path)) {
      say('!trap', '=message=no such command');
      return say('!done');
    }
    const stop = config.on(path.slice(0, -'/listen'.length), (row) => {
      if (row !== undefined) say('!re', ...Object.entries(row).map(([name, value]) => `=${name}=${value}`));
    });
    session.running.set(tag.replace('.tag=', ''), () => {
      stop();
      say('!trap', '=category=2', '=message=interrupted');
      say('!done');
    });
  }

  private putRows(rows: Row[], words: string[], say: (...reply: string[]) => void): void {
    const queries = queriesOf(words);
    const wanted = argsOf(words)['.proplist']?.split(',');
    const found = rows.filter((row) => matchesQuery(row, queries));
    for (const row of found) {
      const shown = Object.entries(row).filter(([name]) => wanted === undefined || wanted.includes(name));
      say('!re', ...shown.map(([name, value]) => `=${name}=${value}`));
    }
    if (found.length === 0 && this.options.saysEmpty) say('!empty');
  }

  private login(session: ApiSession, args: Row, say: (...reply: string[]) => void): void {
    const refused = (): void => {
      say('!trap', '=message=invalid user name or password (6)');
      say('!done');
    };
    const { users } = this.options;
    const user = (typeof users === 'function' ? users() : users).find(({ name }) => name === args['name']);
    const may = user !== undefined && (user.policies ?? ALL).includes('api');
    if (this.options.login === 'challenge') {
      if (args['response'] === undefined) {
        session.challenge = randomBytes(16);
        say('!done', `=ret=${session.challenge.toString('hex')}`);
        return;
      }
      if (!may || args['response'] !== challengeResponse(user.password, session.challenge)) return refused();
    } else if (!may || args['password'] !== user.password) return refused();
    session.user = user;
    say('!done');
  }

  private put(socket: Socket, words: string[]): void {
    const bytes = encodeSentence(words);
    if (this.options.faults.api !== 'in_pieces') {
      socket.write(bytes);
      return;
    }
    // Every octet in a segment of its own.
    for (const octet of bytes) socket.write(Buffer.of(octet));
  }
}

interface ApiSession {
  user: ApiUser | undefined;
  challenge: Buffer | undefined;
  /** What goes on until it is cancelled, by its tag. */
  running: Map<string, () => void>;
}

function cancel(session: ApiSession, tag: string | undefined, say: (...reply: string[]) => void): void {
  // Without a tag everything of the connection ends.
  for (const [name, stop] of session.running) {
    if (tag !== undefined && name !== tag) continue;
    session.running.delete(name);
    stop();
  }
  say('!done');
}

/** Everybody's own, with the policy `password`. Connections that stand stay as they are. */
function ownPassword(config: RouterConfig, name: string, args: Row): ApiReply | Promise<ApiReply> {
  const unknown = Object.keys(args).find((arg) => !config.tree.takes('/password', arg));
  if (unknown !== undefined) return { trap: `unknown parameter ${unknown}` };
  const row = config.find('/user', { name });
  if (row?.['password'] !== args['old-password']) return { trap: 'failure: old password is not correct' };
  if (args['new-password'] !== args['confirm-new-password']) return { trap: 'failure: passwords do not match' };
  return config.run('/user/set', { '.id': row?.['.id'] ?? '', password: args['new-password'] ?? '' });
}

/** The policy that a command asks of the user's group. */
function policyOf(path: string, args: Row): ApiPolicy {
  const [, verb = ''] = /\/([^/]+)$/.exec(path) ?? [];
  if (['print', 'get', 'find', 'listen'].includes(verb) || verb.startsWith('monitor') || verb === 'read') return 'read';
  if (path === '/system/reboot' || path === '/system/package/update/install') return 'reboot';
  if (verb === 'export') return args['file'] === undefined ? 'read' : 'write';
  if (path.startsWith('/tool/fetch') || path === '/ping') return 'test';
  if (path === '/password') return 'password';
  return path.startsWith('/user/') ? 'policy' : 'write';
}

/** Whether an IPv4 network or address has this one in it; a socket may name it as IPv6. */
function contains(net: string, address: string): boolean {
  const number = (text: string): number =>
    text
      .replace(/^::ffff:/, '')
      .split('.')
      .reduce((sum, part) => sum * 256 + Number(part), 0);
  const [base = '', bits = '32'] = net.split('/');
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(base) / size) === Math.floor(number(address) / size);
}

function queriesOf(words: readonly string[]): string[] {
  return words.filter((word) => word.startsWith('?')).map((word) => word.slice(1));
}

function challengeResponse(password: string, challenge: Buffer | undefined): string {
  const md5 = createHash('md5').update(
    Buffer.concat([Buffer.of(0), Buffer.from(password), challenge ?? Buffer.alloc(0)]),
  );
  return `00${md5.digest('hex')}`;
}

function argsOf(words: readonly string[]): Row {
  const args: Record<string, string> = {};
  for (const word of words) {
    const pair = /^=([^=]+)=(.*)$/s.exec(word);
    if (pair) args[pair[1] ?? ''] = pair[2] ?? '';
  }
  return args;
}
