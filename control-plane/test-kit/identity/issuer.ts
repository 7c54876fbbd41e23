import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Who signs in at the provider when the browser comes. */
export interface ProviderUser {
  sub: string;
  email: string;
  email_verified: boolean;
}

/** What the provider does wrong, to see that it is noticed. */
export type Mischief = 'nonce' | 'signature' | 'audience' | 'issuer' | 'late' | undefined;

/** An OpenID Connect provider on loopback: discovery, authorization code with PKCE (S256 only), client authentication, RS256 ID tokens, JWKS. */
export interface TestIssuer {
  issuer: string;
  clientId: string;
  clientSecret: string;
  user: ProviderUser;
  mischief: Mischief;
  stop(): Promise<void>;
}

interface Grant {
  redirectUri: string;
  challenge: string;
  nonce: string;
  user: ProviderUser;
}

const b64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Starts one. It is strict where providers are: unknown clients, other redirect addresses, codes used twice and wrong verifiers are refused. */
// oxlint-disable-next-line eslint/max-lines-per-function
export async function startTestIssuer(user: ProviderUser): Promise<TestIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const grants = new Map<string, Grant>();
  const server = createServer((req, res) => {
    answer(req, res).catch(() => res.writeHead(500).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const self: TestIssuer = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clientId: 'lango',
    clientSecret: randomBytes(18).toString('base64url'),
    user,
    mischief: undefined,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', self.issuer);
    if (url.pathname === '/.well-known/openid-configuration') json(res, 200, discovery());
    else if (url.pathname === '/jwks')
      json(res, 200, { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' }] });
    else if (url.pathname === '/authorize') authorize(url, res);
    else if (url.pathname === '/token' && req.method === 'POST')
      token(req, res, new URLSearchParams(await textOf(req)));
    else json(res, 404, { error: 'not_found' });
  }

  const discovery = () => ({
    issuer: self.issuer,
    authorization_endpoint: `${self.issuer}/authorize`,
    token_endpoint: `${self.issuer}/token`,
    jwks_uri: `${self.issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
  });

  /** The person is signed in at once; what a provider's own pages ask is not our business. */
  function authorize(url: URL, res: ServerResponse): void {
    const asked = (name: string): string => url.searchParams.get(name) ?? '';
    const fine =
      asked('client_id') === self.clientId &&
      asked('response_type') === 'code' &&
      asked('scope').split(' ').includes('openid') &&
      asked('code_challenge_method') === 'S256';
    if (!fine) {
      json(res, 400, { error: 'invalid_request' });
      return;
    }
    const code = randomBytes(16).toString('base64url');
    grants.set(code, {
      redirectUri: asked('redirect_uri'),
      challenge: asked('code_challenge'),
      nonce: asked('nonce'),
      user: self.user,
    });
    const back = new URL(asked('redirect_uri'));
    back.searchParams.set('code', code);
    back.searchParams.set('state', asked('state'));
    res.writeHead(302, { location: back.href }).end();
  }

  function token(req: IncomingMessage, res: ServerResponse, form: URLSearchParams): void {
    const basic = /^Basic (.+)$/.exec(req.headers.authorization ?? '')?.[1];
    const [id, secret] = basic
      ? Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent)
      : [form.get('client_id') ?? '', form.get('client_secret') ?? ''];
    if (id !== self.clientId || secret !== self.clientSecret) {
      json(res, 401, { error: 'invalid_client' });
      return;
    }
    const grant = grants.get(form.get('code') ?? '');
    grants.delete(form.get('code') ?? '');
    const verifier = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (!grant || grant.redirectUri !== form.get('redirect_uri') || grant.challenge !== verifier) {
      json(res, 400, { error: 'invalid_grant' });
      return;
    }
    json(res, 200, {
      access_token: randomBytes(16).toString('hex'),
      token_type: 'Bearer',
      expires_in: 300,
      id_token: idToken(grant),
    });
  }

  function idToken(grant: Grant): string {
    const now = Math.floor(Date.now() / 1000) - (self.mischief === 'late' ? 7200 : 0);
    const claims = {
      iss: self.mischief === 'issuer' ? 'https://elsewhere.example' : self.issuer,
      aud: self.mischief === 'audience' ? 'somebody-else' : self.clientId,
      nonce: self.mischief === 'nonce' ? 'another' : grant.nonce,
      iat: now,
      exp: now + 300,
      ...grant.user,
    };
    const body = `${b64({ alg: 'RS256', kid: 'k1', typ: 'JWT' })}.${b64(claims)}`;
    const signature = createSign('RSA-SHA256').update(body).sign(privateKey);
    if (self.mischief === 'signature') signature[0] = (signature[0] ?? 0) ^ 1;
    return `${body}.${signature.toString('base64url')}`;
  }

  return self;
}

function json(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function textOf(req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
