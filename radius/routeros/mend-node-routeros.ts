/**
 * node-routeros 1.6.9 as it must be to live in a process that others depend on. As released it ends the process on `!empty` (every empty
 * list from RouterOS 7.18 on) and on a reply that comes after its command was given up, stalls when the last octet of a reply comes alone,
 * and mangles everything beyond ASCII. Its framing is replaced by ours (words.ts); its logins and channels stay. The package is pinned to
 * exactly this version, because this reaches into it.
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { RouterOSAPI } from 'node-routeros';
import { Connector } from 'node-routeros/dist/connector/Connector';
import { Receiver } from 'node-routeros/dist/connector/Receiver';
import { encodeSentence, SentenceReader } from './words';

/** What we use of the library's private parts. */
interface InsideReceiver {
  tags: Map<string, { callback: (packet: string[]) => void }>;
  socket: Socket;
  reader?: SentenceReader;
}
interface InsideConnector {
  socket: Socket;
  tls?: { fingerprint256?: string };
  listenerCount(event: string): number;
  emit(event: string, error: Error): boolean;
  destroy(): void;
  onConnect: (this: InsideConnector) => void;
  onError(error: Error): void;
}

let mended = false;

/** Mends the library; doing it again does nothing. */
export function mendNodeRouteros(): void {
  if (mended) return;
  mended = true;
  Receiver.prototype.processRawData = function processRawData(this: unknown, data: Buffer): void {
    receive(this as InsideReceiver, data);
  };
  const connector = Connector.prototype as unknown as InsideConnector & { write(words: string[]): unknown };
  connector.write = function write(this: InsideConnector, words: string[]) {
    if (this.socket.writable) this.socket.write(encodeSentence(words));
    return this;
  };
  // Its timer that writes into an idle connection outlives a refused command, and with it the process.
  (RouterOSAPI.prototype as unknown as { holdConnection(): void }).holdConnection = () => undefined;
  // What the library does once connected: it lets the login go out.
  const { onConnect } = connector;
  connector.onConnect = function connected(this: InsideConnector) {
    this.socket.setNoDelay(true);
    const expected = this.tls?.fingerprint256;
    // Before the login: a stranger must not even see the password.
    if (expected !== undefined && (this.socket as TLSSocket).getPeerCertificate().fingerprint256 !== expected) {
      this.onError(new Error('the router shows another certificate than the one that was noted for it'));
      return;
    }
    onConnect.call(this);
  };
  connector.onError = function failed(this: InsideConnector, error: Error) {
    // A second error has no listener any more; thrown by the emitter it would end the process. The error itself goes on: the library's own
    // often has no words.
    if (this.listenerCount('error') > 0) this.emit('error', error);
    this.destroy();
  };
}

function receive(receiver: InsideReceiver, data: Buffer): void {
  receiver.reader ??= new SentenceReader();
  let sentences: string[][];
  try {
    sentences = receiver.reader.push(data);
  } catch (error) {
    receiver.socket.destroy(error as Error);
    return;
  }
  for (const words of sentences) {
    const [reply] = words;
    if (reply === '!fatal') {
      receiver.socket.destroy(new Error(words.slice(1).join(' ') || 'the router ended the connection'));
      return;
    }
    // Only says that no row will come; `!done` follows.
    if (reply === '!empty') continue;
    const tag = words.find((word) => word.startsWith('.tag='))?.slice('.tag='.length);
    // A tag that nobody waits for belongs to a command that was given up.
    const waiting = tag === undefined ? undefined : receiver.tags.get(tag);
    waiting?.callback(words.filter((word) => !word.startsWith('.tag=')));
  }
}
