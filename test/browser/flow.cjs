// The flow of the page's tests: `node flow.cjs KIND FOLDER`. What it waits for is a file in FOLDER, so no test depends on time.
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const [, , kind, folder] = process.argv;

/** Resolves once the test has made this file. */
async function made(file) {
  while (!existsSync(join(folder, file))) await new Promise((resolve) => setTimeout(resolve, 20));
}

const kinds = {
  async hold() {
    console.log(`parameters: ${process.env.PUSHPOOL_PARAMETERS}`);
    console.log("it holds");
    await made("release");
    console.log("it ends");
  },
  /** After a request to stop, it ends only when the test allows it. */
  async stubborn() {
    process.on("SIGTERM", async () => {
      console.log("asked to stop");
      await made("stop");
      process.exit(143);
    });
    console.log("it runs");
    await made("never");
  },
  async failsOnce() {
    const isFixed = existsSync(join(folder, "fixed"));
    console.error(isFixed ? "now it works" : "cannot reach the database");
    process.exitCode = isFixed ? 0 : 3;
  },
  async flood() {
    for (let line = 1; line <= 100_000; line++) process.stdout.write(`line ${line} of the flood\n`);
  },
  async markup() {
    console.log("<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">");
    console.log("\u001b[31mred\u001b[0m and \u001b]8;;http://example.com\u0007a link\u001b]8;;\u0007 \u001b[2Jcleared");
    console.error("on stderr");
  },
  /** A number of lines each second, until the test ends it: `node flow.cjs lines FOLDER 1000`. */
  async lines() {
    const perTick = Number(process.argv[4]) / 20;
    for (let line = 0; !existsSync(join(folder, "release")); ) {
      for (let n = 0; n < perTick; n++, line++) process.stdout.write(`${Date.now()} line ${line}\n`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },
};

kinds[kind]();
