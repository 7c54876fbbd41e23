import { openApiDocument } from '../../platform/http/openapi';
import type { ApiRoute } from '../../platform/http/route';
import { sliceApiRoutes } from '../../slices';

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
  description?: string;
}

interface Operation {
  requestBody?: { content: { 'application/json': { schema: Schema } } };
  responses: Record<string, { content?: { 'application/json'?: { schema: Schema } } }>;
  parameters: { name: string; in: string; required: boolean; schema: Schema }[];
}

/** docs/reference/api.md as it should stand: the same schemas that check the requests, written for people. */
export function renderReference(): string {
  const routes = sliceApiRoutes();
  const document = openApiDocument(routes.flatMap(({ routes: all }) => all)) as {
    paths: Record<string, Record<string, Operation>>;
  };
  const sections = routes.map(
    ({ slice, routes: all }) => `## ${slice}\n\n${all.map((route) => section(route, document.paths)).join('\n')}`,
  );
  return `${opening}\n${sections.join('\n')}`;
}

const opening = `# API

Made from the schemas that check the requests (\`npm run check -- --write\`). The same as a machine reads it: \`GET /api/openapi.json\`, OpenAPI 3.1.

Sign in with \`POST /api/auth/login\`, or make a token in the console for a program (\`lgk_…\`, with scopes), and send \`Authorization: Bearer <token>\`. Every installation shows the same as
pages at \`/reference\`; what it tells other programs by itself: docs/reference/webhooks.md. Bodies are JSON objects of at most 256 kB. Ids are strings, times ISO 8601 in UTC,
money is \`*_cents\` with \`currency\`, bytes are integers. Lists take \`q\`, \`limit\` (1 to 200, 50 unless told) and \`cursor\`, and answer \`{items, nextCursor}\`.

\`Idempotency-Key\` on a POST: the same key with the same body acts once and gets the same answer (with \`Idempotency-Replayed: true\`) for a day; with another body it is
422. A request that failed does not use its key up.

Errors are \`{error: {code, message, fields?}}\`: 400 malformed JSON, 401 not signed in, 403 permission missing, 404 does not exist (another company's too), 409 not possible in
the present state, 413 too large, 422 values not acceptable, with \`fields\`, 429 too many requests, with \`Retry-After\`.
`;

function section(route: ApiRoute, paths: Record<string, Record<string, Operation>>): string {
  const path = `/api${route.path}`;
  const operation = paths[path.replace(/:([a-z_]+)/g, '{$1}')]?.[route.method.toLowerCase()];
  const body = operation?.requestBody?.content['application/json'].schema;
  const answer = operation?.responses[String(route.status)]?.content?.['application/json']?.schema;
  const query = operation?.parameters.filter((one) => one.in === 'query') ?? [];
  const who =
    route.permission === 'public'
      ? 'anybody'
      : route.permission === 'signed_in'
        ? 'anybody signed in'
        : `\`${route.permission}\``;
  return [
    `### ${route.method} ${path}\n`,
    `${route.summary}. For ${who}; answers ${route.status}${route.media ? ` with ${route.media}` : ''}.\n`,
    ...(query.length > 0
      ? [`Query: ${query.map((one) => `\`${one.name}\`${one.required ? '' : '?'} ${words(one.schema)}`).join(' · ')}\n`]
      : []),
    ...(body ? [`Body: ${words(body)}\n`] : []),
    ...(answer && Object.keys(answer).length > 0 ? [`Answer: ${words(answer)}\n`] : []),
  ].join('\n');
}

/** A schema in the contract's own short hand: `{name, type: "a"|"b", note?}`. */
function words(schema: Schema, depth = 0): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((one) => `\`${JSON.stringify(one)}\``).join(' or ');
  if (schema.anyOf) return [...new Set(schema.anyOf.map((one) => words(one, depth)))].join(' or ');
  if (schema.properties && depth < 3) {
    const required = new Set(schema.required);
    const fields = Object.entries(schema.properties).map(([name, inner]) => {
      const mark = required.has(name) ? '' : '?';
      const standard = inner.default === undefined ? '' : ` (${JSON.stringify(inner.default)})`;
      return `**${name}**${mark}: ${words(inner, depth + 1)}${standard}`;
    });
    return `{ ${fields.join(', ')} }`;
  }
  if (schema.type === 'array') return `[${words(schema.items ?? {}, depth + 1)}, …]`;
  if (schema.format === 'date-time') return 'time';
  return typeof schema.type === 'string' ? schema.type : Array.isArray(schema.type) ? schema.type.join(' or ') : 'any';
}
