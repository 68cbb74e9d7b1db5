/** The options of every command. They may come before or after its name. */
export interface GlobalOptions {
  stack?: string;
  C?: string;
  json?: boolean;
}
