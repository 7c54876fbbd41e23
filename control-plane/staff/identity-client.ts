import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import * as oidc from 'openid-client';
import { guardHost } from '../webhooks';

/** An OpenID Connect provider that a company named; what it says is not trusted beyond what it signs. */
export interface Provider {
  issuer: string;
  clientId: string;
  clientSecret: string;
}

const TIMEOUT_MS = 8_000;
const BODY_MAX = 512 * 1024;
const KEPT_MS = 10 * 60_000;

const kept = new Map<string, { at: number; config: oidc.Configuration }>();

/**
 * Reads the provider's discovery document; kept for ten minutes. Undefined when it does not answer, answers under another name, or stands where
 * a company must not send us: a private address, or no TLS. On a trial, which is reached by loopback itself, loopback will do.
 */
export async function discover(provider: Provider, publicUrl: string): Promise<oidc.Configuration | undefined> {
  const key = JSON.stringify([provider.issuer, provider.clientId, provider.clientSecret, publicUrl]);
  const there = kept.get(key);
  if (there && Date.now() - there.at < KEPT_MS) return there.config;
  if (!URL.canParse(provider.issuer)) return undefined;
  const url = new URL(provider.issuer);
  const networks = isTrial(publicUrl) ? ['127.0.0.0/8', '::1/128'] : [];
  const config = await oidc
    .discovery(url, provider.clientId, provider.clientSecret, undefined, {
      timeout: TIMEOUT_MS / 1000,
      [oidc.customFetch]: (target, options) => guardedFetch(target, options, networks),
      // oxlint-disable-next-line typescript/no-deprecated -- marked so that nobody uses it lightly: a trial on loopback alone may
      ...(url.protocol === 'http:' && networks.length > 0 ? { execute: [oidc.allowInsecureRequests] } : {}),
    })
    .catch(() => undefined);
  if (config) {
    // The provider's signature is checked even on what came from it directly: a company may name a provider behind a proxy that is not its own.
    oidc.enableNonRepudiationChecks(config);
    if (kept.size > 100) kept.clear();
    kept.set(key, { at: Date.now(), config });
  }
  return config;
}

export interface Departure {
  url: string;
  verifier: string;
  nonce: string;
  state: string;
}

/** Where to send the browser, and what must come back with it (code flow with PKCE, RFC 7636). */
export async function departure(config: oidc.Configuration, returnTo: string, email?: string): Promise<Departure> {
  const verifier = oidc.randomPKCECodeVerifier();
  const nonce = oidc.randomNonce();
  const state = oidc.randomState();
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: returnTo,
    scope: 'openid email profile',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    nonce,
    state,
    ...(email === undefined ? {} : { login_hint: email }),
  });
  return { url: url.href, verifier, nonce, state };
}

export interface Claims {
  subject: string;
  /** Only when the provider says that it is theirs. */
  email: string | undefined;
}

/** Redeems the code that the browser brought back. Undefined when anything does not fit: state, nonce, signature, issuer, audience, age. */
export async function arrival(
  config: oidc.Configuration,
  came: URL,
  expected: { verifier: string; nonce: string; state: string },
): Promise<Claims | undefined> {
  const tokens = await oidc
    .authorizationCodeGrant(config, came, {
      pkceCodeVerifier: expected.verifier,
      expectedNonce: expected.nonce,
      expectedState: expected.state,
      idTokenExpected: true,
    })
    .catch(() => undefined);
  const claims = tokens?.claims();
  if (!claims) return undefined;
  const { email, email_verified } = claims;
  const verified = email_verified === true && typeof email === 'string';
  return { subject: claims.sub, email: verified ? email.toLowerCase() : undefined };
}

function isTrial(publicUrl: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(publicUrl).hostname);
}

/** fetch to the very address that was checked, without redirects and with a limit on what is read. */
async function guardedFetch(
  target: string,
  options: oidc.CustomFetchOptions,
  networks: readonly string[],
): Promise<Response> {
  const url = new URL(target);
  const guarded = await guardHost(url, networks);
  if (guarded.kind !== 'address') throw new Error(`${url.host} is not an address that a company may send us to`);
  const { address, family } = guarded;
  const ask = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const asking = ask(url, {
      method: options.method,
      headers: options.headers,
      timeout: TIMEOUT_MS,
      lookup: (_host, how, done) => (how.all ? done(null, [{ address, family }]) : done(null, address, family)),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    asking.on('response', resolve).on('error', reject);
    asking.on('timeout', () => asking.destroy(new Error('no answer in time')));
    asking.end(options.body === undefined || options.body === null ? undefined : bodyText(options.body));
  });
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer) {
    size += (part as Buffer).length;
    if (size > BODY_MAX) throw new Error('the answer is too long');
    parts.push(part as Buffer);
  }
  const status = answer.statusCode ?? 502;
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) if (typeof value === 'string') headers.set(name, value);
  return new Response(status === 204 ? null : Buffer.concat(parts), { status, headers });
}

function bodyText(body: oidc.FetchBody): string | Uint8Array {
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw new Error('a body of this kind is not sent');
}
