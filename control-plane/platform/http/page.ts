import type { z } from 'zod';
import type { Context } from '../context';
import type { Permission } from '../permissions';
import { parseInput } from './input';
import type { Weight } from './limits';
import type { Person } from './person';
import { Problem, type Fields } from './problem';
import type { Upload } from './upload';
import { FORM_MARK, sentOnce } from './sent-once';
import { parseParams, type Call, type ParamsOf, type Parsed } from './route';

/** What a page knows of the browser that asks; the same values stand in every view model (see baseModel in render.ts). */
export interface Web {
  /** Masked anew for each answer (same-origin.ts). Goes into every form as the hidden field `_csrf` (beside the mark by which it is done once, sent-once.ts) and into htmx requests as the header X-CSRF-Token. */
  csrfToken: string;
  /** For inline scripts and styles, should there be any. */
  nonce: string;
  /** As people reach us; the sign-in cookie's name and flags depend on it. */
  publicUrl: string;
  /** As this browser reached us: scheme, host and port. */
  origin: string;
  /** Path with query, as the browser sent it. */
  url: string;
  path: string;
  /** The query as it came, for keeping filters in links. */
  query: Record<string, string>;
  /** The request came from htmx: a fragment may do. */
  isHtmx: boolean;
  /** When the request came, ms: what changes from then on may not stand in the answer. */
  askedAt_ms: number;
  acceptLanguage: string | undefined;
  /** All the cookies that came. */
  cookies: Record<string, string>;
}

export interface Cookie {
  name: string;
  value: string;
  /** 0 removes it; undefined lasts until the browser closes. */
  maxAgeS: number | undefined;
  /** Readable by scripts; never for anything that signs in. */
  insecureReadableByScripts?: boolean;
}

/** What a page answers with. */
export type PageResult =
  | {
      kind: 'view';
      view: string;
      model: Record<string, unknown>;
      status: number;
      cookies: Cookie[];
      headers: Record<string, string>;
    }
  | { kind: 'redirect'; to: string; cookies: Cookie[] }
  | { kind: 'file'; name: string; type: string; body: string | Buffer | AsyncIterable<string>; cookies: Cookie[] };

/** Renders `<slice>/views/<name>`; `model.layout` names a layout, null gives the bare fragment. 422 re-renders a form that was refused. */
export function view(
  name: string,
  model: Record<string, unknown>,
  options: { status?: number; cookies?: Cookie[]; headers?: Record<string, string> } = {},
): PageResult {
  return {
    kind: 'view',
    view: name,
    model,
    status: options.status ?? 200,
    cookies: options.cookies ?? [],
    headers: options.headers ?? {},
  };
}

/** 303 to a path of ours: the answer to every POST that was done. */
export function seeOther(to: string, cookies: Cookie[] = []): PageResult {
  if (!/^\/(?!\/)/.test(to) || to.includes('\\')) throw new Error(`Redirects stay on this site; ${to} does not.`);
  return { kind: 'redirect', to, cookies };
}

/** A file for the browser to save; `name` holds letters, digits, dots and dashes only. `body` is text; bytes are `bytesFile`. A long one comes in pieces. */
export function file(
  name: string,
  type: 'text/csv' | 'application/json' | 'text/plain',
  body: string | AsyncIterable<string>,
): PageResult {
  if (!/^[\w.-]{1,100}$/.test(name)) throw new Error(`A file may not be named ${name}.`);
  return { kind: 'file', name, type, body, cookies: [] };
}

/** A file of bytes, as `file`. */
export function bytesFile(
  name: string,
  type: 'application/pdf' | 'application/octet-stream',
  body: Buffer,
): PageResult {
  if (!/^[\w.-]{1,100}$/.test(name)) throw new Error(`A file may not be named ${name}.`);
  return { kind: 'file', name, type, body, cookies: [] };
}

/** A form as it came: accepted, or refused with the reason per field. `values` is what was typed, to show again. */
export type Form<T> = { values: Record<string, string> } & ({ ok: true; value: T } | { ok: false; fields: Fields });

export interface PageInput<P extends string, Q, F> {
  params: ParamsOf<P>;
  query: Parsed<Q>;
  form: F extends z.ZodType ? Form<z.output<F>> : undefined;
  /** Of a page with `upload`, where a file was chosen. */
  file: Upload | undefined;
}

/** One mounted page. */
export interface PageRoute {
  kind: 'page';
  method: 'GET' | 'POST';
  path: string;
  permission: Permission | 'signed_in' | 'public';
  /** It takes a form with a file of at most so many bytes. */
  upload?: number | undefined;
  /** Of a public page, where it costs more than other pages or forms (limits.ts). */
  weight?: Weight | undefined;
  perform(call: Call, web: Web): Promise<PageResult>;
}

type Schema = z.ZodType | undefined;
interface Spec<P extends string, Q extends Schema, F extends Schema> {
  method: 'GET' | 'POST';
  path: P;
  query?: Q;
  form?: F;
}
interface StaffPage<P extends string, Q extends Schema, F extends Schema, B> extends Spec<P, Q, F> {
  permission: Permission | 'signed_in';
  /** The form carries a file, its field `file`, of at most so many bytes; it is then sent as multipart/form-data. */
  upload?: number;
  /** A POST that changes nothing: it may be sent again with the same words. */
  repeatable?: boolean;
  /** What takes long and must hold no transaction, as a question to a stranger's server; `run` is given its answer. */
  before?(input: PageInput<P, Q, F>, web: Web): Promise<B>;
  run(ctx: Context, input: PageInput<P, Q, F>, web: Web, person: Person, before: B): Promise<PageResult>;
}
interface PublicPage<P extends string, Q extends Schema, F extends Schema> extends Spec<P, Q, F> {
  /** What a request costs; left out: reading for GET, sending for POST. */
  weight?: Weight;
  run(call: Call, input: PageInput<P, Q, F>, web: Web): Promise<PageResult>;
}

/**
 * A console page for signed-in staff who hold `permission`; others are sent to /login, or see a 403 page. POST has passed the CSRF check.
 * Export them as `pageRoutes` from `<slice>/admin.routes.ts` (or portal.routes.ts); app.ts mounts them.
 */
export function pageRoute<
  const P extends string,
  Q extends Schema = undefined,
  F extends Schema = undefined,
  B = undefined,
>(spec: StaffPage<P, Q, F, B>): PageRoute {
  return {
    kind: 'page',
    method: spec.method,
    path: spec.path,
    permission: spec.permission,
    upload: spec.upload,
    async perform(call, web) {
      const { person } = call;
      if (!person) throw new Error(`${spec.method} ${spec.path} ran without a signed-in person`);
      const input = read(spec, call);
      const before = (await spec.before?.(input, web)) as B;
      const work = (ctx: Context): Promise<PageResult> => spec.run(ctx, input, web, person, before);
      // What a page asks for by itself may be asked as often as it likes.
      if (spec.method === 'GET' || spec.repeatable || web.isHtmx) return call.inTenant(work);
      return call.inTenant((ctx) => sentOnce(ctx, { address: web.path, ...call }, () => work(ctx)));
    },
  };
}

interface FreePage<P extends string, Q extends Schema> {
  path: P;
  query?: Q;
  permission: Permission | 'signed_in';
  run(call: Call, input: PageInput<P, Q, undefined>, web: Web, person: Person): Promise<PageResult>;
}

/**
 * A page for signed-in staff who hold `permission` that opens its transactions itself (`call.inTenant`): a long file, because none may stay open while a browser
 * reads; or parts that are asked for side by side.
 */
export function freePage<const P extends string, Q extends Schema = undefined>(spec: FreePage<P, Q>): PageRoute {
  return {
    kind: 'page',
    method: 'GET',
    path: spec.path,
    permission: spec.permission,
    async perform(call, web) {
      if (!call.person) throw new Error(`GET ${spec.path} ran without a signed-in person`);
      return spec.run(call, read({ ...spec, method: 'GET' }, call), web, call.person);
    },
  };
}

/** A page for anybody. `call.person` is set when somebody is signed in. */
export function publicPage<const P extends string, Q extends Schema = undefined, F extends Schema = undefined>(
  spec: PublicPage<P, Q, F>,
): PageRoute {
  return {
    kind: 'page',
    method: spec.method,
    path: spec.path,
    permission: 'public',
    weight: spec.weight,
    perform: async (call, web) => spec.run(call, read(spec, call), web),
  };
}

function read<P extends string, Q extends Schema, F extends Schema>(
  spec: Spec<P, Q, F>,
  call: Call,
): PageInput<P, Q, F> {
  return {
    params: parseParams(call.rawParams) as ParamsOf<P>,
    query: (spec.query ? parseInput(spec.query, call.rawQuery) : undefined) as Parsed<Q>,
    form: (spec.form ? readForm(spec.form, call.rawBody) : undefined) as PageInput<P, Q, F>['form'],
    file: call.file,
  };
}

function readForm(schema: z.ZodType, raw: unknown): Form<unknown> {
  const values = Object.fromEntries(
    Object.entries((raw ?? {}) as Record<string, unknown>)
      .filter(([name]) => name !== '_csrf' && name !== FORM_MARK)
      .map(([name, value]) => [name, typeof value === 'string' ? value : '']),
  );
  try {
    return { ok: true, value: parseInput(schema, values), values };
  } catch (error) {
    if (error instanceof Problem && error.fields) return { ok: false, fields: error.fields, values };
    throw error;
  }
}
