import { mpesaRig } from '../../test-kit/payment-provider/mpesa';
import { passes } from '../../test-kit/payment-provider/scenarios';
import { openStage } from '../../test-kit/payment-provider/stage';

passes(async () => openStage(await mpesaRig()), true);
