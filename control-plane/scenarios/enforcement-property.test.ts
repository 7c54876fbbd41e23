import { proveEnforcement } from '../cli/prove/enforcement';
import { createTestDatabase } from '../test-kit/database';

test.each([11])(
  'seed %i: payments, expiries, caps and suspensions cross CoA that is lost, refused and ignored, and the network ends as sold',
  async (seed) => {
    const { done, violations } = await proveEnforcement(
      { seed, minutes: 0, size: 'small', progress: () => undefined },
      await createTestDatabase(),
    );
    expect(violations).toEqual([]);
    expect(done['deeds']).toBe(36);
  },
  240_000,
);
