import { familyBankRig } from '../../test-kit/payment-provider/familybank';
import { onStage, scenariosOf } from '../../test-kit/payment-provider/scenarios';
import { openStage } from '../../test-kit/payment-provider/stage';

const stage = onStage(async () => openStage(await familyBankRig()));

test.each(scenariosOf({ asks: false }))(
  '%s',
  async (_name, scenario) => {
    await scenario.run(stage());
    expect(await stage().faults()).toEqual([]);
  },
  60_000,
);
