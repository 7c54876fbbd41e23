import { familyBankRig } from '../../test-kit/payment-provider/familybank';
import { passes } from '../../test-kit/payment-provider/scenarios';
import { openStage } from '../../test-kit/payment-provider/stage';

passes(async () => openStage(await familyBankRig()), false);
