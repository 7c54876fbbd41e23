import { mpesaRig } from '../../test-kit/payment-provider/mpesa';
import { passesScenarios } from '../../test-kit/payment-provider/scenarios';

passesScenarios(mpesaRig, { asks: true });
