/** What the program in `program.ts` gets. */
export interface YamlSettings {
  /** The file with the program. */
  file: string;
  project: string;
  /** A file of the SDK that runs the program. */
  sdk: string;
  /** What the schemas of the packages say about the types that the file uses, by token. */
  types: Record<string, { isComponent: boolean; properties: string[] }>;
}
