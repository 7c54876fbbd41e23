import { openApiDocument } from '../platform/http/openapi';
import type { ApiRoute } from '../platform/http/route';

interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  default?: unknown;
  format?: string;
  pattern?: string;
  description?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  additionalProperties?: Schema | boolean;
}
interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  security?: unknown[];
  parameters: { name: string; in: string; required: boolean; schema: Schema; description?: string }[];
  requestBody?: { content: { 'application/json': { schema: Schema } } };
  responses: Record<string, { description: string; content?: { 'application/json'?: { schema: Schema } } }>;
}

/** One name in a query, a body or an answer. */
export interface Field {
  name: string;
  type: string;
  required: boolean;
  note: string;
}

/** One operation as its page shows it. */
export interface Described {
  id: string;
  method: string;
  path: string;
  summary: string;
  permission: string;
  query: Field[];
  body: Field[];
  status: string;
  answer: Field[];
  curl: string;
  example: string;
  refusals: { status: string; words: string }[];
}

/** The operations of the API by the first word of their path, made of the OpenAPI document and of nothing else. */
export function describeApi(routes: ApiRoute[], baseUrl: string): Map<string, Described[]> {
  const { paths } = openApiDocument(routes) as { paths: Record<string, Record<string, Operation>> };
  const found = new Map<string, Described[]>();
  for (const route of routes) {
    const path = `/api${route.path.replace(/:([a-z_]+)/g, '{$1}')}`;
    const operation = paths[path]?.[route.method.toLowerCase()];
    const tag = operation?.tags[0];
    if (!operation || tag === undefined) continue;
    found.set(tag, [...(found.get(tag) ?? []), describe(route, path, operation, baseUrl)]);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function describe(route: ApiRoute, path: string, operation: Operation, baseUrl: string): Described {
  const status = String(route.status);
  const body = operation.requestBody?.content['application/json'].schema;
  const answer = operation.responses[status]?.content?.['application/json']?.schema;
  return {
    id: operation.operationId,
    method: route.method,
    path,
    summary: operation.summary,
    permission: route.permission,
    query: operation.parameters
      .filter((one) => one.in === 'query')
      .map((one) => ({ name: one.name, type: typeOf(one.schema), required: one.required, note: noteOf(one.schema) })),
    body: body ? fieldsOf(body) : [],
    status,
    answer: answer ? fieldsOf(answer) : [],
    curl: curlOf(route, path, body, baseUrl),
    example: answer ? JSON.stringify(exampleOf(answer), null, 2) : '',
    refusals: Object.entries(operation.responses)
      .filter(([code]) => code !== status && code !== 'default')
      .map(([code, { description }]) => ({ status: code, words: description })),
  };
}

const DEPTH_MAX = 3;

function fieldsOf(schema: Schema, prefix = '', depth = 0): Field[] {
  const inner = schema.type === 'array' ? schema.items : schema;
  const shown = inner?.properties ? inner : inner?.anyOf?.find((one) => one.properties);
  if (!shown?.properties || depth > DEPTH_MAX) return [];
  const required = new Set(shown.required);
  return Object.entries(shown.properties).flatMap(([name, field]) => {
    const list = field.type === 'array' ? '[]' : '';
    const whole = `${prefix}${name}${list}`;
    return [
      { name: whole, type: typeOf(field), required: required.has(name), note: noteOf(field) },
      ...fieldsOf(field, `${whole}.`, depth + 1),
    ];
  });
}

/** A type in a few words: `string or null`, `"cut" or "throttle"`. */
function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(' or ');
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.format === 'date-time') return 'time';
  if (schema.type === 'array') return `list of ${schema.items?.properties ? 'objects' : typeOf(schema.items ?? {})}`;
  return Array.isArray(schema.type) ? schema.type.join(' or ') : (schema.type ?? 'any');
}

function noteOf(schema: Schema): string {
  const { minimum, maximum, minLength, maxLength } = schema;
  const big = (value: number | undefined): boolean => value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  return [
    schema.description,
    schema.default === undefined ? undefined : `${JSON.stringify(schema.default)} unless told`,
    big(minimum) && big(maximum) ? `${minimum} to ${maximum}` : big(minimum) ? `at least ${minimum}` : undefined,
    maxLength === undefined
      ? undefined
      : `${minLength === undefined ? 'at most' : `${minLength} to`} ${maxLength} characters`,
  ]
    .filter((part) => part !== undefined)
    .join('; ');
}

const EXAMPLE_TIME = '2026-01-31T08:00:00.000Z';

/** A value that the schema takes, for reading: the first of each choice. */
export function exampleOf(schema: Schema, name = ''): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return exampleOf(schema.anyOf.find((one) => one.type !== 'null') ?? {}, name);
  if (schema.properties)
    return Object.fromEntries(Object.entries(schema.properties).map(([key, inner]) => [key, exampleOf(inner, key)]));
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'array') return [exampleOf(schema.items ?? {}, name)];
  if (type === 'object') return {};
  if (type === 'boolean') return true;
  if (type === 'integer' || type === 'number') return Math.max(schema.minimum ?? 1, 1);
  if (schema.format === 'date-time' || /(^|_)at$|_until$|^since$|^until$/.test(name)) return EXAMPLE_TIME;
  return words[name] ?? (name === 'id' || name.endsWith('_id') ? '42' : name || 'text');
}

const words: Record<string, string> = {
  phone: '+254712345678',
  email: 'wanjiru@example.com',
  name: 'Wanjiru Kamau',
  username: 'wanjiru',
  password: 'open-sesame',
  currency: 'KES',
  url: 'https://example.com/lango',
  address: '10.1.1.1',
  mac: 'AA:BB:CC:DD:EE:FF',
  reference: 'RCPT-1001',
};

function curlOf(route: ApiRoute, path: string, body: Schema | undefined, baseUrl: string): string {
  const lines = [
    `curl ${route.method === 'GET' ? '' : `-X ${route.method} `}${baseUrl}${path.replace(/\{[a-z_]+\}/g, '42')}`,
  ];
  if (route.permission !== 'public') lines.push(`-H "Authorization: Bearer $TOKEN"`);
  if (route.method === 'POST' && route.permission !== 'public') lines.push(`-H "Idempotency-Key: $(uuidgen)"`);
  if (body)
    lines.push(
      `-H 'Content-Type: application/json'`,
      `-d '${JSON.stringify(shortest(body)).replaceAll("'", "'\\''")}'`,
    );
  return lines.join(' \\\n  ');
}

/** Only what must be there: a first call should be short. */
function shortest(schema: Schema): unknown {
  const whole = exampleOf(schema);
  if (typeof whole !== 'object' || whole === null || !schema.required) return whole;
  return Object.fromEntries(Object.entries(whole).filter(([name]) => schema.required?.includes(name)));
}
