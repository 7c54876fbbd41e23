/** What the enforcer writes its log lines to; pino's loggers are one. */
export interface EnforcerLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
