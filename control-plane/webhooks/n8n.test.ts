import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { projectRoot } from '../platform/project-root';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { sendsSms } from '../test-kit/messaging/company-sms';
import { make, makeClient, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

/** The workflow that docs/reference/webhooks.md gives for n8n, node by node, on deliveries of ours. */
interface Node {
  name: string;
  type: string;
  typeVersion: number;
  parameters: Json;
}
interface Workflow {
  nodes: Node[];
  connections: Record<string, { main: { node: string }[][] }>;
}
type Item = { json: Json };

const workflow = JSON.parse(readFileSync(join(projectRoot(), 'docs/reference/n8n-workflow.json'), 'utf8')) as Workflow;
const nodeOf = (type: string): Node => workflow.nodes.find((one) => one.type === `n8n-nodes-base.${type}`) as Node;

let lango: TestLango;
let receiver: Server;
let secret: string;
const came: { headers: IncomingHttpHeaders; body: Buffer }[] = [];
/** What n8n keeps of the workflow between its runs. */
let kept: Json = {};

beforeAll(async () => {
  receiver = createServer((req, res) => {
    const parts: Buffer[] = [];
    req.on('data', (part: Buffer) => parts.push(part));
    req.on('end', () => {
      came.push({ headers: req.headers, body: Buffer.concat(parts) });
      res.writeHead(200).end();
    });
  });
  await new Promise<void>((ready) => receiver.listen(0, '127.0.0.1', ready));
  lango = await startTestLango({ parts: ['jobs'], insecureWebhookNetworks: ['127.0.0.1/32'] });
  await sendsSms(lango);
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/webhook/lango`;
  secret = (await make(lango.api, '/webhooks', { url, events: ['subscriber.created'] }))['secret'] as string;
}, 60_000);
afterAll(async () => {
  await lango?.stop();
  receiver?.closeAllConnections();
  receiver?.close();
});
beforeEach(() => (kept = {}));

/** A customer is added, and Lango tells it. */
async function delivered(name: string): Promise<{ headers: IncomingHttpHeaders; body: Buffer }> {
  await makeClient(lango.api, { name });
  const [message] = await until(
    async () => came.filter(({ body }) => body.includes(name)),
    (all) => all.length > 0,
  );
  return message as (typeof came)[number];
}

/** Runs the Code node as n8n's runner does (packages/@n8n/task-runner, js-task-runner.ts): the source in a function of a context that holds what is documented. */
function verify(message: { headers: object; body: Buffer }, secrets: string[] = [secret]): Promise<Item[]> {
  const source = String(nodeOf('code').parameters['jsCode']);
  expect(source).toContain("['whsec_…']");
  const context = createContext({
    require: (name: string) => {
      if (name !== 'crypto') throw new Error(`Module '${name}' is disallowed`);
      return crypto;
    },
    Buffer,
    console,
    $input: { first: () => ({ json: { headers: message.headers, body: {}, params: {}, query: {} } }) },
    $getWorkflowStaticData: () => kept,
    helpers: { getBinaryDataBuffer: () => Promise.resolve(message.body) },
  });
  const ready = source.replace("['whsec_…']", JSON.stringify(secrets));
  return runInContext(
    `globalThis.global = globalThis; var module = { exports: {} }; module.exports = async function VmCodeWrapper() {${ready}\n}()`,
    context,
  ) as Promise<Item[]>;
}

/** An expression of n8n's: text after `=`, with what stands in double braces worked out. */
function filled(text: string, $json: Json): string {
  if (!text.startsWith('=')) return text;
  return text
    .slice(1)
    .replace(/\{\{(.*?)\}\}/gs, (_whole, expression: string) =>
      String(runInContext(expression, createContext({ $json, JSON }))),
    );
}

/** The node that an item goes to behind the Switch. */
function branchOf(item: Item): string | undefined {
  const { rules } = nodeOf('switch').parameters as {
    rules: { values: { conditions: { conditions: { leftValue: string; rightValue: string; operator: Json }[] } }[] };
  };
  const at = rules.values.findIndex(({ conditions: { conditions } }) =>
    conditions.every(({ leftValue, rightValue, operator }) => {
      expect(operator).toEqual({ type: 'string', operation: 'equals' });
      return filled(leftValue, item.json) === rightValue;
    }),
  );
  return workflow.connections[nodeOf('switch').name]?.main[at]?.[0]?.node;
}

/** The request that the HTTP Request node makes. */
function requestOf(item: Item) {
  const { method, url, headerParameters, jsonBody } = nodeOf('httpRequest').parameters as {
    method: string;
    url: string;
    headerParameters: { parameters: { name: string; value: string }[] };
    jsonBody: string;
  };
  return {
    method,
    path: new URL(url).pathname,
    headers: Object.fromEntries(headerParameters.parameters.map(({ name, value }) => [name, filled(value, item.json)])),
    body: JSON.parse(filled(jsonBody, item.json)) as Json,
  };
}

test('the nodes stand one behind the other, the first keeps the body as it came and n8n answers when the last has ended', () => {
  const { parameters } = nodeOf('webhook');
  expect(parameters).toMatchObject({
    httpMethod: 'POST',
    responseMode: 'lastNode',
    responseData: 'noData',
    options: { rawBody: true },
  });
  const names = workflow.nodes.map(({ name }) => name);
  for (const [from, { main }] of Object.entries(workflow.connections))
    expect({ from, known: [from, ...main.flat().map(({ node }) => node)].every((one) => names.includes(one)) }).toEqual(
      { from, known: true },
    );
  expect(workflow.connections['Lango calls']?.main[0]?.[0]?.node).toBe(nodeOf('code').name);
  expect(workflow.connections[nodeOf('code').name]?.main[0]?.[0]?.node).toBe(nodeOf('switch').name);
});

test('a true message is taken, also while the secret is changed over; one that was changed, signed otherwise or is old is not', async () => {
  const message = await delivered('Told to n8n');
  const [item] = await verify(message);
  expect(item?.json).toMatchObject({
    id: message.headers['webhook-id'],
    type: 'subscriber.created',
    data: { object: { name: 'Told to n8n' } },
  });
  kept = {};
  expect(await verify(message, ['whsec_bm90IG91cnM=', secret])).toHaveLength(1);
  kept = {};
  const forged = Buffer.from(message.body.toString().replace('Told', 'Sold'));
  const old = { ...message.headers, 'webhook-timestamp': '1600000000' };
  const unsigned: IncomingHttpHeaders = { ...message.headers };
  delete unsigned['webhook-signature'];
  for (const wrong of [
    { ...message, body: forged },
    { ...message, headers: old },
    { ...message, headers: unsigned },
    { ...message, headers: { ...message.headers, 'webhook-id': 'msg_other' } },
    { ...message, headers: { ...message.headers, 'webhook-signature': 'v1,AAAA' } },
  ])
    await expect(verify(wrong)).rejects.toThrow('Not from Lango: no signature is right');
  await expect(verify(message, ['whsec_bm90IG91cnM='])).rejects.toThrow('Not from Lango');
  // Nothing of those was remembered: the true one still counts.
  expect(await verify(message)).toHaveLength(1);
});

test('a true message is refused when it comes again after five minutes', async () => {
  const message = await delivered('Held back');
  const at = Number(message.headers['webhook-timestamp']) * 1000;
  const source = nodeOf('code').parameters['jsCode'] as string;
  expect(source).toContain('Date.now()');
  const shifted = (ms: number) => {
    nodeOf('code').parameters['jsCode'] = source.replace('Date.now()', String(at + ms));
    return verify(message).finally(() => (nodeOf('code').parameters['jsCode'] = source));
  };
  await expect(shifted(301_000)).rejects.toThrow('too old, or too new');
  await expect(shifted(-301_000)).rejects.toThrow('too old, or too new');
  expect(await shifted(299_000)).toHaveLength(1);
});

test('a message that comes twice is done once, as long as Lango tries', async () => {
  const message = await delivered('Came twice');
  expect(await verify(message)).toHaveLength(1);
  expect(await verify(message)).toEqual([]);
  // What a run that failed half-way has put down is not kept by n8n.
  kept = {};
  expect(await verify(message)).toHaveLength(1);
  // Old ids go when a new one comes.
  const other = await delivered('Came later');
  kept = { seen: { msg_old: Date.now() / 1000 - 5 * 86_400, msg_new: Date.now() / 1000 - 86_400 } };
  await verify(other);
  expect(new Set(Object.keys(kept['seen']))).toEqual(new Set(['msg_new', other.headers['webhook-id']]));
});

test('the event goes to its branch, and the call back is one of our API, performed once for a message', async () => {
  const [item] = (await verify(await delivered('Greeted Customer'))) as [Item];
  expect(branchOf(item)).toBe(nodeOf('httpRequest').name);
  expect(branchOf({ json: { ...item.json, type: 'payment.received' } })).toBe('Your accounts');
  expect(branchOf({ json: { ...item.json, type: 'plan.created' } })).toBeUndefined();

  const { method, path, headers, body } = requestOf(item);
  const { paths } = (await lango.api.as(undefined).get<Json>('/openapi.json')).body;
  const operation = paths[path]?.[method.toLowerCase()] as Json;
  const schema = operation['requestBody'].content['application/json'].schema as object;
  const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }));
  expect({ valid: ajv.validate(schema, body), errors: ajv.errors }).toEqual({ valid: true, errors: null });
  expect(operation['parameters']).toContainEqual(expect.objectContaining({ in: 'header', name: 'Idempotency-Key' }));

  const token = await make(lango.api, '/tokens', { name: 'n8n', scopes: ['messages.send'], days: 90 });
  const call = () =>
    fetch(lango.baseUrl + path, {
      method,
      headers: { authorization: `Bearer ${token['token']}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const [first, again] = [await call(), await call()];
  expect([first.status, again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 201, 'true']);
  const { items: sent } = (await lango.api.get<Json>(`/sms/logs?client_id=${body['client_id']}`)).body;
  expect(sent).toHaveLength(1);
});
