import { familyBankRig } from '../../test-kit/payment-provider/familybank';
import { passesScenarios } from '../../test-kit/payment-provider/scenarios';

passesScenarios(familyBankRig, { asks: false });
