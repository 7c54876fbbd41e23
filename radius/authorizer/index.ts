/**
 * The authorizer: stands between one FreeRADIUS and Postgres, and puts the logins of one moment to it in one statement.
 *
 *   const authorizer = await startAuthorizer({ databaseUrl, socket, log });
 *   await authorizer.stop();
 *
 * FreeRADIUS believes that it talks to Postgres, over a socket that only its user may open; without the authorizer it can be pointed at Postgres itself.
 * A statement costs Postgres five times what one login in it does (docs/reference/performance.md), and a hung Postgres costs a login no more
 * than a second once, because here somebody knows that it hangs.
 */
import { chmodSync, chownSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { encodeAnswer } from './answer';
import { listenOn } from '../part';
import { Batcher } from './batcher';
import { Database, type DatabaseOptions } from './database';
import { ClientMessages, type ClientMessage, noEncryption, refusal, result, welcome } from './messages';
import { parseQuestion } from './question';

export interface AuthorizerOptions extends DatabaseOptions {
  /** Path of the socket to listen on; libpq finds it by a name of the form `<folder>/.s.PGSQL.<port>`. */
  socket: string;
  /** The user FreeRADIUS runs as, when that is not us. */
  owner?: { uid: number; gid: number };
}

/** Starts also while the database is away. Rejects when the socket cannot be made. */
export async function startAuthorizer(o: AuthorizerOptions): Promise<{ stop(): Promise<void> }> {
  const logins = new Database(o);
  // Everything else FreeRADIUS asks, such as its health checks, has a connection of its own.
  const others = new Database({ ...o, log: { warn: () => undefined, info: () => undefined } });
  const batcher = new Batcher(logins);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    const messages = new ClientMessages();
    socket.on('data', (chunk) => {
      const whole = messages.push(chunk);
      if (!whole) return void socket.destroy();
      for (const message of whole) reply(message, { socket, batcher, others });
    });
  });
  // One that a killed process left.
  rmSync(o.socket, { force: true });
  await listenOn(server, { path: o.socket }, (error) =>
    o.log.warn({ err: error }, 'the socket of logins is in trouble'),
  );
  chmodSync(o.socket, 0o600);
  if (o.owner && process.getuid?.() === 0) chownSync(o.socket, o.owner.uid, o.owner.gid);
  return {
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await Promise.all([closed, logins.stop(), others.stop()]);
    },
  };
}

interface Around {
  socket: Socket;
  batcher: Batcher;
  others: Database;
}

function reply(message: ClientMessage, { socket, batcher, others }: Around): void {
  switch (message.kind) {
    case 'startup':
      socket.write(welcome);
      return;
    case 'encryption':
      socket.write(noEncryption);
      return;
    case 'end':
      socket.end();
      return;
    case 'query': {
      const question = parseQuestion(message.text);
      if (question)
        batcher.ask(question, (outcome) => {
          socket.write(outcome.ok ? encodeAnswer(outcome.answer) : refusal(outcome.text));
        });
      else
        void others.run({ text: message.text }).then((answered) => {
          socket.write(answered.kind === 'rows' ? result(answered.columns, answered.rows) : refusal(answered.text));
        });
    }
  }
}
