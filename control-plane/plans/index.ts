/** Plans: what is sold, in versions. The API calls them packages. */
export { createPackage, type PackageOutcome } from './create-package';
export { changePackage } from './change-package';
export { archivePackage } from './archive-package';
export { findPackage, listPackages, versionOnSale, type PackageFilter } from './queries';
export { newPackage, packagePatch, validityInput, type NewPackage, type Package, type PackagePatch } from './schema';
