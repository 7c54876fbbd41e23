import { onStage, scenariosOf } from '../../test-kit/payment-provider/scenarios';
import { openStage } from '../../test-kit/payment-provider/stage';
import { stripeRig } from '../../test-kit/payment-provider/stripe';

const stage = onStage(async () => openStage(await stripeRig()));

test.each(scenariosOf({ asks: true }))(
  '%s',
  async (_name, scenario) => {
    await scenario.run(stage());
    expect(await stage().faults()).toEqual([]);
  },
  60_000,
);
