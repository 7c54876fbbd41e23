import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A letter as a mail server got it: envelope, and the message with its headers. */
export interface Letter {
  from: string;
  to: string[];
  /** AUTH PLAIN as `user:password`; null where nobody signed in. */
  auth: string | null;
  message: string;
}

export interface FakeSmtp {
  url: string;
  port: number;
  letters: Letter[];
  /** Answers the next commands of this name so, one each: a whole SMTP line (`550 5.1.1 no such user`), or `silent`. `.` is the end of the letter. */
  next(command: 'MAIL' | 'RCPT' | 'DATA' | 'AUTH' | '.', ...lines: string[]): void;
  stop(): Promise<void>;
}

/** A mail server (RFC 5321) on a free port of this machine: EHLO, AUTH PLAIN, MAIL, RCPT, DATA, with the faults of real ones. */
export async function startSmtp(account?: { user: string; password: string }): Promise<FakeSmtp> {
  const letters: Letter[] = [];
  const ordered = new Map<string, string[]>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    serve(socket, account, letters, (command) => ordered.get(command)?.shift());
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    port,
    letters,
    next: (command, ...lines) => void ordered.set(command, [...(ordered.get(command) ?? []), ...lines]),
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function serve(
  socket: Socket,
  account: { user: string; password: string } | undefined,
  letters: Letter[],
  ordered: (command: string) => string | undefined,
): void {
  let letter: Letter = { from: '', to: [], auth: null, message: '' };
  let inData = false;
  let rest = '';
  const say = (command: string, usual: string): boolean => {
    const line = ordered(command) ?? usual;
    if (line !== 'silent') socket.write(`${line}\r\n`);
    return line === usual;
  };
  const commands: Record<string, (line: string) => void> = {
    EHLO: () => socket.write(`250-fake\r\n250-8BITMIME\r\n${account ? '250-AUTH PLAIN\r\n' : ''}250 SIZE 10485760\r\n`),
    HELO: () => socket.write('250 fake\r\n'),
    AUTH: (line) => {
      const [, user = '', password = ''] = Buffer.from(line.split(' ')[2] ?? '', 'base64')
        .toString()
        .split('\0');
      const right = user === account?.user && password === account.password;
      if (say('AUTH', right ? '235 2.7.0 accepted' : '535 5.7.8 wrong credentials') && right)
        letter.auth = `${user}:${password}`;
    },
    MAIL: (line) => {
      letter.from = /<([^>]*)>/.exec(line)?.[1] ?? '';
      say('MAIL', account && letter.auth === null ? '530 5.7.0 sign in first' : '250 2.1.0 ok');
    },
    RCPT: (line) => {
      if (say('RCPT', '250 2.1.5 ok')) letter.to.push(/<([^>]*)>/.exec(line)?.[1] ?? '');
    },
    DATA: () => {
      inData = say('DATA', '354 go on');
    },
    RSET: () => socket.write('250 2.0.0 ok\r\n'),
    QUIT: () => socket.end('221 2.0.0 bye\r\n'),
  };
  const endLetter = (): void => {
    inData = false;
    if (say('.', '250 2.0.0 queued')) letters.push(letter);
    letter = { from: '', to: [], auth: letter.auth, message: '' };
  };
  socket.write('220 fake ESMTP\r\n');
  socket.on('data', (bytes) => {
    rest += bytes.toString('utf8');
    for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 2);
      if (inData && line === '.') endLetter();
      // RFC 5321 section 4.5.2: a dot at the beginning of a line was doubled.
      else if (inData) letter.message += `${line.replace(/^\./, '')}\r\n`;
      else (commands[line.slice(0, 4).toUpperCase()] ?? (() => socket.write('502 5.5.2 unknown\r\n')))(line);
    }
  });
}
