/** People who become customers by themselves. */
export { findCompany as findJoinDoor } from './company';
