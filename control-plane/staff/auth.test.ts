import { apiClient } from '../test-kit/api-client';
import { startTestLango, type TestLango } from '../test-kit/lango';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());

interface Pair {
  token: string;
  refreshToken: string;
  expires_in: number;
}
const login = (email: string, password: string) => apiClient(lango.baseUrl).post<Pair>('/auth/login', { email, password });

test('sign-in gives a token that works for at least an hour', async () => {
  const answer = await login(lango.company.email, lango.company.password);
  expect(answer.status).toBe(200);
  expect(answer.body.expires_in).toBeGreaterThanOrEqual(3600);
  expect((await apiClient(lango.baseUrl, answer.body.token).post('/auth/logout')).status).toBe(204);
  expect((await apiClient(lango.baseUrl, answer.body.token).post('/auth/logout')).status).toBe(401);
});
