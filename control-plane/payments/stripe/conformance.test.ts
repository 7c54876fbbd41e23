import { passes } from '../../test-kit/payment-provider/scenarios';
import { openStage } from '../../test-kit/payment-provider/stage';
import { stripeRig } from '../../test-kit/payment-provider/stripe';

passes(async () => openStage(await stripeRig()), true);
