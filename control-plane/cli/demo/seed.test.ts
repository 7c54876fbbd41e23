import type { Api } from './api';
import { demoSecret } from './people';
import { seedRouter } from './seed';

const masterKey = Buffer.alloc(32, 7);

/** What the demo asks of the API about its router, and what it changed. */
async function startWith(found: { has_api_password: boolean; runs: string[] }): Promise<Record<string, unknown>[]> {
  const changed: Record<string, unknown>[] = [];
  const routers = [{ id: '7', name: 'Kilimani tower', has_api_password: found.has_api_password }];
  const api: Api = {
    all: () => Promise.resolve(routers as never),
    get: () => Promise.resolve({ runs: found.runs.map((state) => ({ state })) } as never),
    post: () => Promise.reject(new Error('it is there already')),
    patch: (_path, body) => {
      changed.push({ ...body });
      return Promise.resolve({} as never);
    },
  };
  expect((await seedRouter(api, masterKey)).id).toBe('7');
  return changed;
}

test('the router of the demo keeps what it has, unless its secrets were replaced: it starts with those of before', async () => {
  expect(await startWith({ has_api_password: true, runs: [] })).toEqual([]);
  const [given] = await startWith({ has_api_password: true, runs: ['done', 'failed'] });
  expect(given).toMatchObject({ secret: demoSecret(masterKey, 'router'), api_username: expect.any(String) });
  expect(await startWith({ has_api_password: false, runs: [] })).toHaveLength(1);
  expect(await startWith({ has_api_password: true, runs: ['running', 'done'] })).toEqual([]);
});
