import { randomUUID } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { readBlock, readBlockByName } from "../../src/prefect/api/blocks";
import { connectionOf } from "../../src/prefect/apiConnection";
import { type Client, createClient } from "../../src/prefect/client";
import { describePrefect } from "./python";
import { connectResources, Resource } from "./resource";
import { sharedServer } from "./server";

describePrefect("a block on a real Prefect server", () => {
  let client: Client;
  beforeAll(async () => {
    const { apiUrl } = await sharedServer();
    await connectResources({ apiUrl });
    client = createClient(connectionOf(apiUrl, undefined, "test"));
  }, 600_000);

  const aws = (over: object = {}) => ({
    blockTypeSlug: "aws-credentials",
    blockName: `block-${randomUUID().slice(0, 8)}`,
    data: { aws_access_key_id: "AKIAFAKE", aws_secret_access_key: "fake-secret-1", region_name: "eu-west-1" },
    ...over,
  });
  const stored = async (block: Resource) => (await readBlock(client, block.id as string, { secrets: true }))?.data;

  test("created, unchanged the second time, replaced as a whole, deleted", async () => {
    const inputs = aws();
    const block = new Resource("PrefectBlock");
    expect(await block.up(inputs)).toBe("created");
    expect(block.outputs).toMatchObject({ blockDocumentId: block.id, apiUrl: client.connection.apiUrl });
    expect(await stored(block)).toEqual(inputs.data);
    expect(await block.up({ ...inputs, data: Object.fromEntries(Object.entries(inputs.data).reverse()) })).toBe("unchanged");

    // A field that is no longer given is removed: a merge would keep it.
    const rotated = { aws_access_key_id: "AKIAFAKE", aws_secret_access_key: "fake-secret-2" };
    expect(await block.up({ ...inputs, data: rotated })).toBe("updated");
    expect(await stored(block)).toEqual(rotated);

    const { id } = block;
    await block.destroy();
    expect(await readBlock(client, id as string)).toBeUndefined();
  });

  test("refresh finds what someone changed, and up corrects it, secret fields too", async () => {
    const inputs = aws();
    const block = new Resource("PrefectBlock");
    await block.up(inputs);
    await block.refresh();
    expect(await block.up(inputs)).toBe("unchanged");
    await client.request("PATCH", `/block_documents/${block.id}`, { json: { data: { aws_secret_access_key: "of-another" } } });
    await block.refresh();
    expect(await block.up(inputs)).toBe("updated");
    expect(await stored(block)).toEqual(inputs.data);
    await client.request("DELETE", `/block_documents/${block.id}`);
    expect(await block.refresh()).toBe(false);
    expect(await block.up(inputs)).toBe("created");
  });

  test("another name is another block; the old one is deleted after it", async () => {
    const block = new Resource("PrefectBlock");
    await block.up(aws());
    const before = block.id as string;
    expect(await block.up(aws())).toBe("replaced");
    expect(block.id).not.toBe(before);
    expect(await readBlock(client, before)).toBeUndefined();
  });

  test("an existing one is adopted only on request", async () => {
    const inputs = aws();
    const first = new Resource("PrefectBlock");
    await first.up(inputs);
    const other = new Resource("PrefectBlock");
    const data = { aws_access_key_id: "AKIAOTHER", aws_secret_access_key: "fake-secret-3" };
    await expect(other.up({ ...inputs, data })).rejects.toThrow(
      `block "aws-credentials/${inputs.blockName}" already exists, at ${client.connection.apiUrl}: set adoptExisting: true`,
    );
    expect(await other.up({ ...inputs, data, adoptExisting: true })).toBe("created");
    expect(other.id).toBe(first.id);
    expect(await stored(other)).toEqual(data);
  });

  test("a reference to another block is not a difference", async () => {
    const inner = new Resource("PrefectBlock");
    await inner.up(aws());
    const data = { aws_credentials: { $ref: { block_document_id: inner.id as string } }, bucket_name: "bucket" };
    const outer = new Resource("PrefectBlock");
    const inputs = { blockTypeSlug: "s3-bucket", blockName: aws().blockName, data: { ...data, credentials: data.aws_credentials } };
    const { data: fitting, ...rest } = inputs;
    // The field's name depends on the version of prefect-aws.
    const { aws_credentials: _, ...newer } = fitting;
    await outer.up({ ...rest, data: newer });
    await outer.refresh();
    expect(await outer.up({ ...rest, data: newer })).toBe("unchanged");
  });

  test.each<[string, object, RegExp]>([
    ["an unknown field", { data: { aws_acess_key_id: "x" } }, /data.aws_acess_key_id does not exist .* did you mean "aws_access_key_id"/],
    ["a field of another type", { data: { aws_access_key_id: 5 } }, /data.aws_access_key_id must be of type string/],
    ["a missing field", { blockTypeSlug: "secret", data: {} }, /data.value is missing/],
    ["a bad name", { blockName: "Not Good" }, /blockName must consist of lowercase letters, digits and dashes, not "Not Good"/],
    ["no data", { data: "x" }, /data must be an object/],
  ])("bad input is refused: %s", async (_, over, message) => {
    const inputs = aws(over);
    await expect(new Resource("PrefectBlock").up(inputs as never)).rejects.toThrow(message);
    await expect(readBlockByName(client, inputs.blockTypeSlug, inputs.blockName)).resolves.toBeUndefined();
  });

  test("an unknown block type: the message has similar ones", async () => {
    await expect(new Resource("PrefectBlock").up(aws({ blockTypeSlug: "aws-credential" }))).rejects.toThrow(
      /has no block type "aws-credential" \(did you mean "aws-credentials".*register it with `prefect block register -m/,
    );
  });
});
