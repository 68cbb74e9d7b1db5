import { openHome } from "../../home";
import { loadManifest, manifestSchema, maskManifest, pullManifest } from "../../manifest";
import { suggestion } from "../../nearest";
import { UserError } from "../../userError";
import { rememberNamed } from "../../workspaceRuns";
import { note, print, printJson } from "../screen";
import { type ManifestFlags, readStdin, workspaceOf } from "../session";

const WHAT = ["show", "pull", "schema"];

/** `pushpool manifest [show|pull|schema]` */
export async function action([what = "show"]: string[], flags: ManifestFlags & { withSecrets?: boolean }): Promise<void> {
  const show = (value: unknown) => (flags.json ? printJson(value) : print(JSON.stringify(value, null, 2)));
  switch (what) {
    case "schema":
      return show(manifestSchema);
    case "show": {
      const found = await loadManifest(workspaceOf(flags), { ...flags, secrets: false, stdin: readStdin });
      note(`manifest of ${found.origin}`);
      return show(maskManifest(found.manifest));
    }
    case "pull": {
      const workspace = workspaceOf(flags);
      const pulled = await pullManifest(workspace, {
        ...flags,
        withSecrets: flags.withSecrets ?? false,
        stdin: readStdin,
      });
      const { origin, path } = pulled;
      // Prepare the home folder now that it has a file. This adds its .gitignore.
      openHome(workspace.home, { create: true });
      rememberNamed(workspace.home, pulled);
      if (flags.json) return printJson({ origin, path });
      return note(`pulled the manifest of ${origin} to ${path}${flags.withSecrets ? "" : ", without secrets"}`);
    }
    default:
      throw new UserError(`manifest "${what}": ${suggestion(what, WHAT)}`);
  }
}
