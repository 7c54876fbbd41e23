export { createAdmin, type CreatedAdmin } from './create-admin';
export { createCompany, createFirstCompany, hasCompany, type Company, type CreatedCompany } from './create-company';
export {
  listTenantReaders,
  makeTenantReader,
  removeTenantReader,
  type MadeReader,
  type RemovedReader,
  type TenantReader,
} from './tenant-reader';
