/** The walled garden: what somebody sees who has been let in to pay and to nothing else. */
export { payAddress, type PayAddress } from './recipe';
