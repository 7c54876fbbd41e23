import { stripeRig } from '../../test-kit/payment-provider/stripe';
import { passesScenarios } from '../../test-kit/payment-provider/scenarios';

passesScenarios(stripeRig, { asks: true });
