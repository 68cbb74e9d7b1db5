/** What every command takes, before or after its name. */
export interface GlobalOptions {
  stack?: string;
  C?: string;
  json?: boolean;
}
