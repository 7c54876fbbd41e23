import { mpesaRig } from '../../test-kit/payment-provider/mpesa';
import { onStage, scenariosOf } from '../../test-kit/payment-provider/scenarios';
import { openStage } from '../../test-kit/payment-provider/stage';

const stage = onStage(async () => openStage(await mpesaRig()));

test.each(scenariosOf({ asks: true }))(
  '%s',
  async (_name, scenario) => {
    await scenario.run(stage());
    expect(await stage().faults()).toEqual([]);
  },
  60_000,
);
