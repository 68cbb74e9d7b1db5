/** Where packages come from, by pip's name: uv's variable, and what separates several values. */
const SETTINGS: Readonly<Record<string, readonly [variable: string, separator: string]>> = {
  "index-url": ["UV_DEFAULT_INDEX", " "],
  "extra-index-url": ["UV_INDEX", " "],
  "find-links": ["UV_FIND_LINKS", ","],
  "no-index": ["UV_NO_INDEX", " "],
  "trusted-host": ["UV_INSECURE_HOST", " "],
  cert: ["SSL_CERT_FILE", " "],
};

/**
 * The environment in which uv installs from where pip does. uv itself ignores pip's settings.
 * @param list of `pip config list`, such as `global.index-url='https://example.com/simple'`. The last line for a name counts, but the
 * environment (`:env:`) counts more.
 */
export function uvSettings(list: string): Record<string, string> {
  const given = [...list.matchAll(/^(\S+?)\.([\w-]+)=(['"])(.*)\3$/gm)].map(([, from, name = "", , value = ""]) => ({ from, name, value }));
  const found = [...given.filter(({ from }) => from !== ":env:"), ...given.filter(({ from }) => from === ":env:")];
  return Object.fromEntries(
    found.flatMap(({ name, value }) => {
      const [variable, separator] = SETTINGS[name] ?? [];
      return variable
        ? [
            [
              variable,
              value
                .split(/\s|\\n/)
                .filter(Boolean)
                .join(separator),
            ],
          ]
        : [];
    }),
  );
}
