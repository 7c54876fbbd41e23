import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express, { Router, type Request, type RequestHandler, type Response } from 'express';
import { toProblem } from './errors';
import { baseCall, tellRequestLog } from './mount-api';
import { limitStrangers, RequestLimits } from './limits';
import type { Cookie, PageResult, PageRoute, Web } from './page';
import { callerIp, type HttpParts } from './parts';
import type { Person } from './person';
import { forbidden, notFound } from './problem';
import { plainProblem, type PageBase } from './render';
import { assertMountable, bySpecificity } from './routes-order';
import { maskCsrfToken, requireCsrfToken, requireSameOrigin } from './same-origin';
import { hashSecret, parseCookies, sessionCookieName } from './session-cookie';
import { readUpload } from './upload';

const readForm = express.urlencoded({ extended: false, limit: '256kb', parameterLimit: 500 });

/** The router of everything that a browser sees. */
export function mountPages(routes: PageRoute[], parts: HttpParts): Router {
  const router = Router({ caseSensitive: true });
  assertMountable(routes);
  const limits = parts.limits ?? new RequestLimits();
  for (const route of [...routes].sort(bySpecificity)) {
    const method = route.method === 'GET' ? 'get' : 'post';
    router[method](route.path, recognise(parts), limited(route, limits), guard(route, parts), perform(route, parts));
  }
  // Also here somebody may be signed in: the page that says so keeps their frame.
  router.use(recognise(parts), (_req, _res, next) => next(notFound('That page')));
  router.use(answerProblemPage(parts));
  return router;
}

/** Finds the person behind the cookie; nobody is an answer too. */
export function recognise(parts: HttpParts): RequestHandler {
  const name = sessionCookieName(parts.publicUrl);
  return async (req, res, next) => {
    res.locals['askedAt_ms'] = Date.now();
    const secret = parseCookies(req.get('cookie'))[name];
    const signedIn = secret !== undefined && /^lgs_[A-Za-z0-9_-]{43}$/.test(secret);
    res.locals['person'] = signedIn ? await parts.lookup.bySession(hashSecret(secret), callerIp(req)) : undefined;
    res.set('Cache-Control', 'no-store');
    next();
  };
}

/** Counted before a byte of the body is read. What signed-in people ask for is theirs. */
function limited({ permission, method, path, weight }: PageRoute, limits: RequestLimits): RequestHandler[] {
  if (permission !== 'public') return [];
  return [limitStrangers(limits, weight ?? (method === 'GET' ? 'read' : 'send'), `${method} ${path}`)];
}

function guard(route: PageRoute, parts: HttpParts): RequestHandler[] {
  const admit: RequestHandler = (req, res, next) => {
    res.locals['route'] = route.path;
    if (route.method !== 'GET') requireSameOrigin(req, parts.publicUrl);
    const person = res.locals['person'] as Person | undefined;
    if (route.permission === 'public') next();
    else if (!person) toSignIn(req, res);
    else if (person.mustVisit !== undefined && !route.path.startsWith(person.mustVisit) && route.path !== '/logout')
      res.redirect(303, `${person.mustVisit}?needed=second`);
    else if (route.permission !== 'signed_in' && !person.actor.permissions.has(route.permission))
      next(forbidden(route.permission));
    else next();
  };
  if (route.method === 'GET') return [admit];
  return [
    admit,
    route.upload === undefined ? readForm : readUpload(route.upload),
    (req, res, next) => {
      const person = res.locals['person'] as Person | undefined;
      if (person?.session && route.permission !== 'public') requireCsrfToken(req, person.session.csrfToken);
      next();
    },
  ];
}

function toSignIn(req: Request, res: Response): void {
  const next = req.method === 'GET' && req.originalUrl !== '/' ? `?next=${encodeURIComponent(req.originalUrl)}` : '';
  // htmx would swap the sign-in page into a table cell: tell it to leave the page instead.
  if (req.get('hx-request') === 'true') res.status(401).set('HX-Redirect', `/login${next}`).end();
  else res.redirect(303, `/login${next}`);
}

function perform(route: PageRoute, parts: HttpParts): RequestHandler {
  return async (req, res) => {
    const web = webOf(req, res, parts);
    const file = req.file && { name: req.file.originalname, bytes: req.file.buffer };
    const result = await route.perform({ ...baseCall(req, res, parts), file }, web);
    sendPage(res, result, pageBase(req, res, parts), parts);
  };
}

function sendPage(res: Response, result: PageResult, base: PageBase, parts: HttpParts): void {
  for (const cookie of result.cookies) setCookie(res, cookie, parts.publicUrl);
  if (result.kind === 'redirect') {
    res.redirect(303, result.to);
    return;
  }
  if (result.kind === 'file') {
    res.attachment(result.name).type(Buffer.isBuffer(result.body) ? result.type : `${result.type}; charset=utf-8`);
    if (typeof result.body === 'string' || Buffer.isBuffer(result.body)) res.send(result.body);
    else sendPieces(res, result.body, parts);
    return;
  }
  if (!parts.renderer) throw new Error('Pages need a renderer; give createApp one.');
  res
    .status(result.status)
    .set(result.headers)
    .type('html')
    .send(parts.renderer.page(result.view, result.model, base));
}

/** Piece by piece, no faster than the browser takes them. A fault in the middle breaks the connection off: the browser must not think that it has the whole. */
function sendPieces(res: Response, body: AsyncIterable<string>, parts: HttpParts): void {
  pipeline(Readable.from(body), res).catch((error: unknown) => {
    if (!res.destroyed) res.destroy();
    if ((error as { code?: string }).code !== 'ERR_STREAM_PREMATURE_CLOSE')
      parts.log.error({ err: error, requestId: res.locals['requestId'] }, 'a file broke off');
  });
}

function setCookie(res: Response, cookie: Cookie, publicUrl: string): void {
  res.cookie(cookie.name, cookie.value, {
    httpOnly: cookie.insecureReadableByScripts !== true,
    secure: publicUrl.startsWith('https:'),
    sameSite: 'lax',
    path: '/',
    ...(cookie.maxAgeS === undefined ? {} : { maxAge: cookie.maxAgeS * 1000 }),
  });
}

function webOf(req: Request, res: Response, parts: HttpParts): Web {
  const person = res.locals['person'] as Person | undefined;
  return {
    csrfToken: person?.session ? maskCsrfToken(person.session.csrfToken) : '',
    nonce: String(res.locals['nonce']),
    publicUrl: parts.publicUrl,
    origin: `${req.protocol}://${req.host}`,
    url: req.originalUrl,
    path: req.path,
    query: Object.fromEntries(
      Object.entries(req.query).map(([name, value]) => [name, typeof value === 'string' ? value : '']),
    ),
    isHtmx: req.get('hx-request') === 'true',
    askedAt_ms: Number(res.locals['askedAt_ms']),
    acceptLanguage: req.get('accept-language'),
    cookies: parseCookies(req.get('cookie')),
  };
}

function pageBase(req: Request, res: Response, parts: HttpParts): PageBase {
  return {
    web: webOf(req, res, parts),
    person: res.locals['person'] as Person | undefined,
    requestId: String(res.locals['requestId']),
    nowMs: Date.now(),
  };
}

/** Errors as a page. A fault while drawing that page falls back to plain words. */
function answerProblemPage(
  parts: HttpParts,
): (error: unknown, req: Request, res: Response, next: (error: unknown) => void) => void {
  return (error, req, res, next) => {
    const problem = toProblem(error);
    tellRequestLog(res, problem, error);
    if (problem.status >= 500)
      parts.log.error({ err: error, requestId: res.locals['requestId'], path: req.path }, 'page failed');
    if (res.headersSent) {
      next(error);
      return;
    }
    let html = plainProblem(problem);
    try {
      html = parts.renderer?.problem(problem, pageBase(req, res, parts)) ?? html;
    } catch (fault) {
      parts.log.error({ err: fault, requestId: res.locals['requestId'] }, 'the error page could not be drawn');
    }
    res.status(problem.status).set(problem.headers).type('html').send(html);
  };
}
