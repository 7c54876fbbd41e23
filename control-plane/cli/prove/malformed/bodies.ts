import type { Dice } from '../dice';
import type { Product } from '../product';
import type { Violations } from '../proof';

interface Operation {
  requestBody?: { content?: { 'application/json'?: { schema?: Schema } } };
}
interface Schema {
  properties?: Record<string, unknown>;
}
interface Target {
  method: string;
  path: string;
  fields: string[];
}

/** Every route of the API that takes a body, by its own OpenAPI document, except the one that would sign us out. */
export async function writingRoutes(product: Product): Promise<Target[]> {
  const { body } = await product.api.get<{ paths: Record<string, Record<string, Operation>> }>('/openapi.json');
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => ['post', 'patch', 'put'].includes(method) && !path.endsWith('/auth/logout'))
      .map(([method, operation]) => ({
        method: method.toUpperCase(),
        path: path.replace(/^\/api/, ''),
        fields: Object.keys(operation.requestBody?.content?.['application/json']?.schema?.properties ?? {}),
      })),
  );
}

/** Sends so many wrong bodies. Each must get an answer below 500, and a refusal must be JSON that says why. */
export async function floodBodies(
  product: Product,
  count: number,
  dice: Dice,
  violations: Violations,
): Promise<Record<string, number>> {
  const routes = await writingRoutes(product);
  const statuses: Record<string, number> = {};
  const one = async (): Promise<void> => {
    const target = dice.pick(routes);
    const path = target.path.replace(/\{[^}]+\}|:\w+/g, () => idFor(target.path, dice));
    const body = wrongBody(target.fields, dice);
    const response = await fetch(`${product.baseUrl}/api${path}`, {
      method: target.method,
      headers: {
        authorization: `Bearer ${product.api.token}`,
        'content-type': dice.pick([
          'application/json',
          'application/json',
          'application/json',
          'text/plain',
          'application/json; charset=utf-16',
        ]),
      },
      body,
      signal: AbortSignal.timeout(20_000),
    }).catch((error: unknown) => error as Error);
    if (response instanceof Error)
      return violations.add(
        `${target.method} ${path} was not answered: ${response.message}; body ${body.slice(0, 200)}`,
      );
    statuses[response.status] = (statuses[response.status] ?? 0) + 1;
    const text = await response.text();
    if (response.status >= 500)
      violations.add(
        `${target.method} ${path} answered ${response.status} to ${body.slice(0, 200)}: ${text.slice(0, 200)}`,
      );
    else if (response.status >= 400 && !saysWhy(text))
      violations.add(`${target.method} ${path} answered ${response.status} without a reason: ${text.slice(0, 200)}`);
  };
  for (let done = 0; done < count; done += 8) await Promise.all(Array.from({ length: Math.min(8, count - done) }, one));
  return statuses;
}

function saysWhy(text: string): boolean {
  try {
    const parsed = JSON.parse(text) as { error?: { code?: unknown; message?: unknown } };
    return typeof parsed.error?.code === 'string' && typeof parsed.error.message === 'string';
  } catch {
    return false;
  }
}

/** Colleagues and tokens are never hit by their number: one of them is ourselves. */
function idFor(path: string, dice: Dice): string {
  const wrong = [
    '0',
    '-1',
    'abc',
    '99999999',
    '9999999999999999999999',
    '1e3',
    '%00',
    '%2e%2e',
    '1%27',
    '%F0%9F%90%98',
    'NaN',
    ' 1',
  ];
  return /staff|tokens/.test(path) ? dice.pick(wrong) : dice.pick(['1', '2', ...wrong]);
}

function wrongBody(fields: readonly string[], dice: Dice): string {
  switch (dice.between(0, 9)) {
    case 0:
      return dice.pick([
        '',
        '{',
        '[',
        'null',
        '"',
        '{"a":',
        '{"a":1,}',
        'undefined',
        '\u0000',
        '{}x',
        '[[[[',
        '1e999',
        '-',
        '{"__proto__":{"x":1}}',
      ]);
    case 1:
      return '['.repeat(dice.between(1, 20_000));
    case 2:
      return JSON.stringify('x'.repeat(dice.between(1, 3_000_000)));
    default: {
      const some = fields.filter(() => dice.chance(0.7));
      const names = dice.chance(0.3)
        ? [...some, dice.pick(['__proto__', 'constructor', 'toString', '', 'tenant_id', 'id', '\u0000'])]
        : some;
      return JSON.stringify(Object.fromEntries(names.map((name) => [name, anything(dice, 3)])));
    }
  }
}

function anything(dice: Dice, depth: number): unknown {
  const leaves: unknown[] = [
    null,
    true,
    false,
    0,
    -1,
    1,
    2,
    1.5,
    2 ** 31,
    2 ** 53,
    1e300,
    -1e300,
    '',
    ' ',
    '1',
    'x',
    'pppoe',
    'KES',
    'day',
    'cash',
    'now',
    '\u0000',
    '\ud800',
    'é'.repeat(300),
    "'; DROP TABLE tenant; --",
    '%s%n',
    '../../etc/passwd',
    '{{7*7}}',
    '999.999.999.999',
    '127.0.0.1',
    '0712345678',
    'a@b.c',
    '2026-02-30',
    '9999999999999999999999',
    'x'.repeat(5000),
    '\u202e',
    'NaN',
  ];
  if (depth === 0 || dice.chance(0.8)) return dice.pick(leaves);
  const inner = Array.from({ length: dice.between(0, 4) }, () => anything(dice, depth - 1));
  return dice.chance(0.5)
    ? inner
    : Object.fromEntries(inner.map((value, i) => [dice.pick(['count', 'unit', 'a', '__proto__', `${i}`]), value]));
}
