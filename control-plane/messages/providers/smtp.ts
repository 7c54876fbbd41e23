import { Socket } from 'node:net';
import { createTransport } from 'nodemailer';
import { guardHost } from '../../webhooks';
import { saidBy, type Carrier, type CarrierTools, type Sent } from './carrier';

export interface SmtpAccount {
  host: string;
  port: number;
  /** tls from the first byte (465), starttls (587), or no encryption at all. */
  security: 'tls' | 'starttls' | 'insecure_none';
  username?: string | undefined;
  password?: string | undefined;
  from_email: string;
  from_name?: string | undefined;
}

interface Server {
  host: string;
  port: number;
  secure: boolean;
  requireTLS?: boolean;
  ignoreTLS?: boolean;
  auth?: { user: string; pass: string };
  /** The name on the certificate, where the connection goes to a checked address. */
  servername?: string;
}

/**
 * E-mail through a mail server. LANGO_SMTP_URL, where it is set, is the server of every company; a company's own server may not stand at a private
 * address unless the operator opened that network.
 */
export function smtp(account: SmtpAccount, { urls, networks, timeoutMs }: CarrierTools): Carrier {
  return async (message) => {
    const server = urls.smtp === undefined ? await ownServer(account, networks) : relayServer(urls.smtp);
    if ('kind' in server) return server;
    const { servername, ...options } = server;
    const conversation = watchConversation();
    // nodemailer counts silence alone: a server that goes on talking would hold us for ever.
    const socket = new Socket();
    let late = false;
    const end = setTimeout(() => {
      late = true;
      socket.destroy();
    }, 2 * timeoutMs);
    const transport = createTransport({
      ...options,
      socket,
      connectionTimeout: timeoutMs / 2,
      greetingTimeout: timeoutMs / 2,
      socketTimeout: timeoutMs,
      logger: conversation.logger,
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(servername === undefined ? {} : { tls: { servername } }),
    });
    try {
      const messageId = `<lango.${message.id}@${account.from_email.split('@')[1] ?? 'lango'}>`;
      await transport.sendMail({
        from: { name: account.from_name ?? '', address: account.from_email },
        to: { name: '', address: message.to },
        subject: message.subject ?? '',
        text: message.text,
        ...(message.html === null ? {} : { html: message.html }),
        attachments: (message.files ?? []).map(({ name, type, bytes }) => ({
          filename: name,
          contentType: type,
          content: bytes,
        })),
        messageId,
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
      return { kind: 'accepted', ref: messageId.slice(0, 200), status: 'accepted' };
    } catch (error) {
      return judge(late ? { ...(error as object), code: 'ETIMEDOUT' } : error, conversation.handedOver(), [
        account.password ?? '',
      ]);
    } finally {
      clearTimeout(end);
      transport.close();
    }
  };
}

async function ownServer(account: SmtpAccount, networks: readonly string[]): Promise<Server | Sent> {
  const { host, port, security, username, password } = account;
  const guarded = await guardHost(new URL(`https://${host.includes(':') ? `[${host}]` : host}/`), networks);
  if (guarded.kind === 'refused') return { kind: 'again', error: 'refused_address', detail: 'a private address' };
  if (guarded.kind !== 'address') return { kind: 'again', error: 'connection', detail: 'the name leads nowhere' };
  return {
    host: guarded.address,
    port,
    servername: host,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'insecure_none',
    ...(username && password ? { auth: { user: username, pass: password } } : {}),
  };
}

function relayServer(text: string): Server {
  const url = new URL(text);
  const secure = url.protocol === 'smtps:';
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 465 : 25) : Number(url.port),
    secure,
    ...(url.username
      ? { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }
      : {}),
  };
}

/**
 * Whether the whole letter had left us when the connection ended: errors of nodemailer do not tell, its log does (an entry of `tnx: 'message'` after the last
 * dot). Nothing of that log is kept.
 */
function watchConversation() {
  let handedOver = false;
  const look = (entry: unknown): void => {
    if ((entry as { tnx?: unknown } | null)?.tnx === 'message') handedOver = true;
  };
  const logger = { level: () => undefined, trace: look, debug: look, info: look, warn: look, error: look, fatal: look };
  return { logger, handedOver: () => handedOver };
}

/** What the conversation had come to decides: before the letter was handed over nothing was sent; after it, and without an answer, nobody can say. */
function judge(error: unknown, handedOver: boolean, secrets: string[]): Sent {
  const { code, command, responseCode, response, message } = error as {
    code?: unknown;
    command?: unknown;
    responseCode?: unknown;
    response?: unknown;
    message?: unknown;
  };
  const detail = saidBy(response ?? message, secrets);
  const answered = typeof responseCode === 'number' ? responseCode : 0;
  if (code === 'EAUTH') return { kind: 'again', error: 'credentials', detail };
  if (answered >= 400 && answered < 500) return { kind: 'again', error: 'busy', detail };
  if (answered >= 500) {
    if (command === 'RCPT TO') return { kind: 'refused', error: 'address', detail };
    if (command === 'MAIL FROM') return { kind: 'again', error: 'sender', detail };
    return { kind: 'refused', error: command === 'DATA' ? 'content' : 'rejected', detail };
  }
  if (code === 'EENVELOPE') return { kind: 'refused', error: 'address', detail };
  if (handedOver) return { kind: 'unknown', error: code === 'ETIMEDOUT' ? 'timeout' : 'no_answer', detail };
  return { kind: 'again', error: code === 'ETIMEDOUT' ? 'timeout' : 'connection', detail };
}
