/** Tests stand beside what they test; whole-system ones in control-plane/scenarios. */
module.exports = {
  roots: [
    '<rootDir>/control-plane',
    '<rootDir>/radius',
    '<rootDir>/freeradius-config',
    '<rootDir>/prisma',
    '<rootDir>/hotspot-templates',
  ],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.[jt]s$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022', keepClassNames: true },
        module: { type: 'commonjs', ignoreDynamic: false },
        sourceMaps: 'inline',
      },
    ],
  },
  // Written as modules only, which Jest on Node 20 cannot require.
  transformIgnorePatterns: ['/node_modules/(?!(openid-client|oauth4webapi|jose)/)'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  globalSetup: '<rootDir>/control-plane/test-kit/global-setup.ts',
  globalTeardown: '<rootDir>/control-plane/test-kit/global-teardown.ts',
  testTimeout: 60000,
  maxWorkers: 2,
  workerIdleMemoryLimit: '700MB',
};
