import type { z } from 'zod';
import type { Context } from '../context';
import type { Database } from '../db/prisma';
import type { Log } from '../log';
import type { Permission } from '../permissions';
import { parseId, parseInput, refuseHostileText } from './input';
import type { Person } from './person';
import type { Upload } from './upload';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

type Names<P extends string> = P extends `${string}:${infer Rest}`
  ? Rest extends `${infer Name}/${infer Tail}`
    ? Name | Names<`/${Tail}`>
    : Rest extends `${infer Name}.${string}`
      ? Name
      : Rest
  : never;
/** `/clients/:id/subscriptions` → `{id: bigint}`; parameters called `id` or `…_id` are ids, any other is text. */
export type ParamsOf<P extends string> = { [K in Names<P>]: K extends 'id' | `${string}_id` ? bigint : string };

type Schema = z.ZodType | undefined;
export type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

export interface Input<P extends string, Q, B> {
  params: ParamsOf<P>;
  query: Parsed<Q>;
  body: Parsed<B>;
}

/** A reply that is not simply the JSON of what `run` returned. */
export class Reply {
  constructor(
    readonly status: number,
    readonly body: unknown,
    readonly headers: Record<string, string> = {},
    /** `told_once`: it holds a secret that is kept nowhere, so a repeat with the same Idempotency-Key is refused instead of answered again. */
    readonly keep: 'whole' | 'told_once' = 'whole',
  ) {}
}

/** What a request brings, before anything is parsed. Made by mount.ts. */
export interface Call {
  db: Database;
  /** LANGO_PUBLIC_URL. */
  publicUrl: string;
  requestId: string;
  ip: string;
  userAgent: string | undefined;
  log: Log;
  person: Person | undefined;
  rawParams: Record<string, string>;
  rawQuery: unknown;
  rawBody: unknown;
  /** The file that came with a page's form. */
  file?: Upload | undefined;
  /** Opens the request's one transaction for the signed-in person's company. */
  inTenant<T>(work: (ctx: Context) => Promise<T>): Promise<T>;
}

/** One mounted API route. Made by `route` and `publicRoute`; `perform` parses and runs. */
export interface ApiRoute {
  kind: 'api';
  method: Method;
  /** Below /api. */
  path: string;
  permission: Permission | 'signed_in' | 'public';
  summary: string;
  status: number;
  query: z.ZodType | undefined;
  body: z.ZodType | undefined;
  answer: z.ZodType | undefined;
  media: string | undefined;
  perform(call: Call): Promise<unknown>;
}

interface Spec<P extends string, Q extends Schema, B extends Schema> {
  method: Method;
  path: P;
  /** One line for the OpenAPI document, in the imperative. */
  summary: string;
  query?: Q;
  body?: B;
  /** Shape of the answer, for the OpenAPI document alone. */
  answer?: z.ZodType;
  /** The media type of an answer that is a file, for the same. */
  media?: string;
  /** Where it differs from: GET 200, POST 201, PUT and PATCH 200, DELETE 204. */
  status?: number;
}

interface StaffSpec<P extends string, Q extends Schema, B extends Schema, Before> extends Spec<P, Q, B> {
  permission: Permission | 'signed_in';
  /** What waits for somebody else's server: done first, while no transaction is open. */
  before?(input: Input<P, Q, B>, call: Call): Promise<Before>;
  /** Runs in one transaction; what it returns becomes JSON (ids must be strings by now, bigint throws). Throw a Problem to refuse. */
  run(ctx: Context, input: Input<P, Q, B>, person: Person, before: Before): Promise<unknown>;
}

interface PublicSpec<P extends string, Q extends Schema, B extends Schema> extends Spec<P, Q, B> {
  run(call: Call, input: Input<P, Q, B>): Promise<unknown>;
}

const usualStatus: Record<Method, number> = { GET: 200, POST: 201, PUT: 200, PATCH: 200, DELETE: 204 };

/** An API route for signed-in staff who hold `permission`. Export them as `apiRoutes` from `<slice>/api.routes.ts`; app.ts mounts them. */
export function route<
  const P extends string,
  Q extends Schema = undefined,
  B extends Schema = undefined,
  Before = undefined,
>(spec: StaffSpec<P, Q, B, Before>): ApiRoute {
  return {
    ...common(spec),
    permission: spec.permission,
    async perform(call) {
      const { person } = call;
      if (!person) throw new Error(`${spec.method} ${spec.path} ran without a signed-in person`);
      const input = parse(spec, call);
      const before = (await spec.before?.(input, call)) as Before;
      return call.inTenant((ctx) => spec.run(ctx, input, person, before));
    },
  };
}

/** An API route for anybody: sign-in and what must be seen before it. */
export function publicRoute<const P extends string, Q extends Schema = undefined, B extends Schema = undefined>(
  spec: PublicSpec<P, Q, B>,
): ApiRoute {
  return { ...common(spec), permission: 'public', perform: (call) => spec.run(call, parse(spec, call)) };
}

function common<P extends string, Q extends Schema, B extends Schema>(
  spec: Spec<P, Q, B>,
): Omit<ApiRoute, 'permission' | 'perform'> {
  return {
    kind: 'api',
    method: spec.method,
    path: spec.path,
    summary: spec.summary,
    status: spec.status ?? usualStatus[spec.method],
    query: spec.query,
    body: spec.body,
    answer: spec.answer,
    media: spec.media,
  };
}

function parse<P extends string, Q extends Schema, B extends Schema>(spec: Spec<P, Q, B>, call: Call): Input<P, Q, B> {
  refuseHostileText(call.rawBody);
  return {
    params: parseParams(call.rawParams) as ParamsOf<P>,
    query: (spec.query ? parseInput(spec.query, call.rawQuery) : undefined) as Parsed<Q>,
    body: (spec.body ? parseInput(spec.body, call.rawBody ?? {}) : undefined) as Parsed<B>,
  };
}

/** Path parameters by their names: `id` and `…_id` as bigint. @throws Problem 404 */
export function parseParams(raw: Record<string, string>): Record<string, bigint | string> {
  return Object.fromEntries(
    Object.entries(raw).map(([name, text]) => [name, name === 'id' || name.endsWith('_id') ? parseId(text) : text]),
  );
}
