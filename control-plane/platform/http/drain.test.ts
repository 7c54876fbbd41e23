import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { stopwatch } from '../../test-kit/stopwatch';
import { until } from '../../test-kit/until';
import { drainable } from './drain';

test('running requests end, connections that never asked anything do not hold the end up', async () => {
  let answer: (() => void) | undefined;
  const server = createServer((_req, res) => {
    answer = () => res.end('whole answer');
  });
  const drain = drainable(server, 5_000);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  const silent = connect(port, '127.0.0.1');
  await new Promise<void>((ready) => silent.once('connect', () => ready()));
  const running = fetch(`http://127.0.0.1:${port}/`).then((response) => response.text());
  await until(() => answer !== undefined, Boolean);
  const elapsed_ms = stopwatch();
  const drained = drain();
  setTimeout(() => answer?.(), 300);
  await drained;
  expect(elapsed_ms()).toBeLessThan(2_000);
  expect(await running).toBe('whole answer');
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  silent.destroy();
});

test('a request that does not end is cut off at the limit', async () => {
  let asked = false;
  const server = createServer(() => {
    asked = true;
  });
  const drain = drainable(server, 200);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const hanging = fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const failed = expect(hanging).rejects.toThrow();
  await until(() => asked, Boolean);
  await drain();
  await failed;
});
