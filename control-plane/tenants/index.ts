export { createAdmin, type CreatedAdmin } from './create-admin';
export { createCompany, createFirstCompany, hasCompany, type Company, type CreatedCompany } from './create-company';
